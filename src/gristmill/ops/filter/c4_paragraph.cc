// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/c4_paragraph.h"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <vector>

#include "gristmill/kernels/byte_scan.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view too_few_paragraphs = "c4_paragraph.too_few_paragraphs";
constexpr std::array reasons{too_few_paragraphs};

constexpr std::array options{
    OptionSpec{.name = "min_paragraphs",
               .type = OptionType::integer,
               .fallback = "3",
               .minimum = 1,
               .maximum = 1000,
               .unit = "lines",
               .help = "Fewest long lines"},
    OptionSpec{.name = "min_paragraph_len",
               .type = OptionType::integer,
               .fallback = "200",
               .minimum = 0,
               .unit = "characters",
               .help = "A line of so many characters or more is long"},
};

constexpr std::array columns{
    ColumnSpec{.name = "c4_paragraph_length",
               .type = data::ColumnType::int64,
               .help = "Characters of the shortest of the `min_paragraphs` longest lines; null with fewer lines"},
};

struct LengthScratch final : Scratch {
  std::vector<std::size_t> longest;  ///< A heap with the shortest on top.
};

/// Keeps the `count` greatest lengths of lines.
void find_longest(std::string_view text, std::size_t count, std::vector<std::size_t>& longest) {
  longest.clear();
  const auto* at = text.data();
  const auto* const end = at + text.size();
  while (true) {
    const auto* const stop = kernels::find_byte(at, end, '\n');
    const std::string_view line(at, static_cast<std::size_t>(stop - at));
    // A line has as many bytes as characters, or more.
    if (longest.size() < count || line.size() > longest.front()) {
      const auto length = kernels::count_code_points(line);
      if (longest.size() == count && length > longest.front()) {
        std::ranges::pop_heap(longest, std::greater{});
        longest.pop_back();
      }
      if (longest.size() < count) {
        longest.push_back(length);
        std::ranges::push_heap(longest, std::greater{});
      }
    }
    if (stop == end) return;
    at = stop + 1;
  }
}

}  // namespace

constinit const Spec C4Paragraph::spec_{
    .name = "filter.c4_paragraph",
    .version = 1,
    .kind = Kind::filter,
    .summary =
        "Drops documents without three lines of 200 characters, the paragraph rule of mC4 as datatrove applies it.",
    .reference = "Xue et al. 2021, section 3.1; datatrove 0.10.1, C4ParagraphFilter",
    .options = options,
    .columns_in = {},
    .columns_out = {},
    .reasons = reasons,
    .annotation_columns = columns,
};

Result<std::unique_ptr<Operator>> C4Paragraph::make(const Options& given) {
  return std::make_unique<C4Paragraph>(static_cast<std::size_t>(given.integer("min_paragraphs")),
                                       static_cast<std::size_t>(given.integer("min_paragraph_len")));
}

std::unique_ptr<Scratch> C4Paragraph::make_scratch() const { return std::make_unique<LengthScratch>(); }

Verdict C4Paragraph::apply(data::Document& document, Scratch& scratch) const {
  auto& longest = static_cast<LengthScratch&>(scratch).longest;
  find_longest(document.text, min_paragraphs_, longest);
  const bool has_enough = longest.size() == min_paragraphs_;
  if (scratch.annotates() && has_enough)
    document.columns[scratch.annotation_columns[0]] = static_cast<std::int64_t>(longest.front());
  return has_enough && longest.front() >= min_paragraph_len_ ? Verdict::kept() : Verdict::dropped(too_few_paragraphs);
}

}  // namespace gristmill::ops
