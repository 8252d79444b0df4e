// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/page.h"

#include "gristmill/kernels/charset.h"

namespace gristmill::formats {

Result<Page> store_page(data::Batch& batch, std::string_view bytes, std::string_view declared_charset, bool is_html) {
  const auto charset = kernels::detect_charset(bytes, declared_charset, is_html);
  if (charset.well_formed) return Page{batch.arena.copy(bytes.substr(charset.bom_bytes)), charset.name, false};
  GRISTMILL_TRY(const auto decoded, kernels::decode_to_utf8(bytes, declared_charset, is_html));
  return Page{batch.arena.copy(decoded.text), decoded.charset, decoded.lossy};
}

}  // namespace gristmill::formats
