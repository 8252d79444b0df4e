// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/url.h"

#include <algorithm>

namespace gristmill::kernels {
namespace {

/// Length of "scheme:" before "//", or 0.
std::size_t scheme_length(std::string_view url) {
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return 0;
  const bool is_scheme = std::ranges::all_of(url.substr(0, colon), [](char c) {
    const auto folded = static_cast<unsigned char>(c | 0x20);
    return (folded >= 'a' && folded <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
  return is_scheme ? colon + 1 : 0;
}

}  // namespace

std::string_view url_host(std::string_view url) noexcept {
  url.remove_prefix(scheme_length(url));
  if (url.starts_with("//")) url.remove_prefix(2);
  url = url.substr(0, url.find_first_of("/?#\\ \t\r\n"));
  if (const auto at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  if (url.starts_with('[')) return url.substr(1, url.find(']') == std::string_view::npos ? 0 : url.find(']') - 1);
  url = url.substr(0, url.find(':'));
  while (url.ends_with('.')) url.remove_suffix(1);
  return url;
}

}  // namespace gristmill::kernels
