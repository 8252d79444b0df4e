// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/crc32.h"

#include <libdeflate.h>

namespace gristmill::io {

std::uint32_t crc32(std::string_view bytes, std::uint32_t before) noexcept {
  return libdeflate_crc32(before, bytes.data(), bytes.size());
}

std::string crc32_text(std::uint32_t crc) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  // 32 bits are five digits of six and one of two.
  std::string text;
  for (int shift = 26; shift >= 0; shift -= 6) text += digits[(crc >> static_cast<unsigned>(shift)) & 63U];
  text += digits[(crc << 4U) & 63U];
  return text + "==";
}

}  // namespace gristmill::io
