// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/extract/strip_tags.h"

#include <array>

namespace gristmill::ops {
namespace {

constexpr std::array options{
    OptionSpec{.name = "entities",
               .type = OptionType::boolean,
               .fallback = "true",
               .unit = "",
               .choices = "",
               .help = "Decode character references such as &amp; and &#233;"},
    OptionSpec{.name = "scripts",
               .type = OptionType::boolean,
               .fallback = "false",
               .unit = "",
               .choices = "",
               .help = "Keep the content of script and style elements"},
    OptionSpec{.name = "separator",
               .type = OptionType::string,
               .fallback = R"("none")",
               .unit = "",
               .choices = "none,space",
               .help = "What stands for a tag: nothing, or one space where none stands before"},
    OptionSpec{.name = "whitespace",
               .type = OptionType::string,
               .fallback = R"("keep")",
               .unit = "",
               .choices = "keep,collapse",
               .help = "collapse: one space for each run of white space, none at the ends"},
};

constexpr std::array columns_out{
    ColumnSpec{.name = "tag_count", .type = data::ColumnType::int64, .help = "Tags that were removed"},
};

}  // namespace

constinit const Spec ExtractStripTags::spec_{
    .name = "extract.strip_tags",
    .version = 1,
    .kind = Kind::map,
    .summary = "Removes tags and comments and keeps all text, of any document, whatever its media type.",
    .reference =
        "HTML standard, section 13.2.5; as re.sub('<[^>]+>', '', text), but for quoted attributes, comments and "
        "signs of comparison",
    .options = options,
    .columns_in = {},
    .columns_out = columns_out,
    .reasons = {},
};

Result<std::unique_ptr<Operator>> ExtractStripTags::make(const Options& given) {
  return std::unique_ptr<Operator>(std::make_unique<ExtractStripTags>(
      kernels::StripOptions{.keeps_scripts = given.boolean("scripts"),
                            .decodes = given.boolean("entities"),
                            .tags_become_spaces = given.string("separator") == "space",
                            .collapses_space = given.string("whitespace") == "collapse"}));
}

Verdict ExtractStripTags::apply(data::Document& document, Scratch& scratch) const {
  const auto out = scratch.arena->allocate(kernels::strip_bound(document.text.size()));
  const auto stripped = kernels::strip_tags(document.text, options_, out);
  scratch.arena->shrink_last(out, stripped.is_changed ? stripped.bytes : 0);
  if (stripped.is_changed) document.text = {out.data(), stripped.bytes};
  document.columns[scratch.columns_out[0]] = static_cast<std::int64_t>(stripped.tags);
  if (document.media_type.starts_with("text/html") || document.media_type.starts_with("application/xhtml+xml"))
    document.media_type = "text/plain";
  return Verdict::kept();
}

}  // namespace gristmill::ops
