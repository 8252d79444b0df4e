// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/filter/expression.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "gristmill/ops/expression/evaluate.h"
#include "gristmill/ops/expression/parser.h"

namespace gristmill::ops {
namespace {

constexpr std::string_view is_false = "expression.false";
constexpr std::string_view is_null = "expression.null";
constexpr std::string_view out_of_range = "expression.out_of_range";
constexpr std::array reasons{is_false, is_null, out_of_range};

constexpr std::array options{
    OptionSpec{.name = "where",
               .type = OptionType::string,
               .fallback = "",
               .help = "Condition that a document must meet, as in SQL: columns of earlier steps and of the input, the "
                       "fields text, url, id, ingestion_id, origin_uri, origin_offset, media_type, conversation "
                       "and metadata.NAME; numbers, 'strings', true, false, null; + - * / %, = <> < <= > "
                       ">=, and, or, not, between, in (...), is null, like; length, byte_length, lower, upper, trim, "
                       "host, contains, starts_with, ends_with, matches (RE2), abs, floor, ceil, round, coalesce, "
                       "least, greatest. A comparison with null is null, and so is a division by zero"},
};

struct ExpressionScratch final : Scratch {
  expression::Workspace workspace;
};

}  // namespace

constinit const Spec FilterExpression::spec_{
    .name = "filter.expression",
    .version = 2,
    .kind = Kind::filter,
    .summary = "Keeps documents for which an expression over their fields and columns is true.",
    .reference =
        "ISO/IEC 9075 (SQL): three-valued logic; expression.false, expression.null say which of the other "
        "two it was, expression.out_of_range that whole numbers passed 64 bits",
    .options = options,
    .columns_in = {},
    .columns_out = {},
    .reasons = reasons,
};

Result<std::unique_ptr<Operator>> FilterExpression::make(const Options& given) {
  auto tree = expression::parse(given.string("where"));
  if (!tree) return std::move(tree).error().within("filter.expression: where");
  if (auto checked = expression::check_types(*tree, {}, false); !checked)
    return std::move(checked).error().within("filter.expression: where");
  return std::make_unique<FilterExpression>(*std::move(tree));
}

FilterExpression::FilterExpression(expression::Tree tree) : tree_(std::move(tree)), own_spec_(spec_) {
  for (const auto& name : tree_.columns) columns_in_.push_back({.name = name, .help = "named in where"});
  own_spec_.columns_in = columns_in_;
}

std::unique_ptr<Scratch> FilterExpression::make_scratch() const { return std::make_unique<ExpressionScratch>(); }

Status FilterExpression::bind(std::span<const data::Column> columns) {
  auto checked = expression::check_types(tree_, columns, true);
  return checked ? Status() : std::move(checked).error().within("filter.expression: where");
}

Verdict FilterExpression::apply(data::Document& document, Scratch& scratch) const {
  auto& workspace = static_cast<ExpressionScratch&>(scratch).workspace;
  const auto result = expression::evaluate(tree_, document, scratch.columns_in, workspace);
  if (result.has_overflow)
    return Verdict::quarantined(out_of_range,
                                expression::at_place(tree_.source, result.offset, "the result is beyond 64 bits"));
  const auto* flag = std::get_if<bool>(&result.value);
  if (flag == nullptr) return Verdict::dropped(is_null);
  return *flag ? Verdict::kept() : Verdict::dropped(is_false);
}

}  // namespace gristmill::ops
