// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "gristmill/ops/expression/evaluate.h"
#include "gristmill/ops/expression/parser.h"

namespace expression = gristmill::ops::expression;
namespace data = gristmill::data;

/// Whatever parses can be checked, evaluated on a document, and evaluated again with the same result.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  auto tree = expression::parse(std::string_view(reinterpret_cast<const char*>(bytes), size));
  if (!tree || !expression::check_types(*tree, {}, false)) return 0;
  std::vector<data::Value> cells;
  std::vector<std::uint16_t> slots;
  for (std::size_t i = 0; i < tree->columns.size(); ++i) {
    constexpr std::int64_t large = 0x7FFFFFFFFFFFFFFF;
    const data::Value values[] = {{}, true, large, -1.5, std::string_view("some text")};
    cells.push_back(values[tree->columns[i].size() % 5]);
    slots.push_back(static_cast<std::uint16_t>(i));
  }
  data::Document document{.url = "https://example.org/a",
                          .text = "Words, 42 of them.",
                          .metadata = R"({"license": "CC0-1.0", "score": {"mean": 0.5}})",
                          .columns = cells};
  expression::Workspace workspace;
  const auto first = expression::evaluate(*tree, document, slots, workspace);
  const auto* flag = std::get_if<bool>(&first.value);
  const bool was_true = flag != nullptr && *flag;
  const auto second = expression::evaluate(*tree, document, slots, workspace);
  flag = std::get_if<bool>(&second.value);
  if (was_true != (flag != nullptr && *flag)) std::abort();
  return 0;
}
