// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "gristmill/kernels/strip_tags.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gristmill;
  if (size == 0) return 0;
  const kernels::StripOptions options{.keeps_scripts = (data[0] & 1) != 0,
                                      .decodes = (data[0] & 2) != 0,
                                      .tags_become_spaces = (data[0] & 4) != 0,
                                      .collapses_space = (data[0] & 8) != 0};
  const std::string_view html(reinterpret_cast<const char*>(data + 1), size - 1);
  std::vector<char> out(kernels::strip_bound(html.size()));
  const auto stripped = kernels::strip_tags(html, options, out);
  if (stripped.bytes > out.size() || (!options.decodes && stripped.bytes > html.size())) std::abort();
  if (!stripped.is_changed && std::string_view(out.data(), stripped.bytes) != html) std::abort();
  return 0;
}
