// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "gristmill/base/result.h"
#include "gristmill/data/document.h"

namespace gristmill::formats {

/// A page decoded into a batch.
struct Page {
  std::string_view text;     ///< In the batch's arena.
  std::string_view charset;  ///< WHATWG name; static storage.
  bool is_lossy = false;
};

/// Decodes bytes of any encoding into the batch; well-formed UTF-8 is copied once and never converted.
Result<Page> store_page(data::Batch& batch, std::string_view bytes, std::string_view declared_charset, bool is_html);

}  // namespace gristmill::formats
