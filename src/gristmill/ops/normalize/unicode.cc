// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/normalize/unicode.h"

#include <array>
#include <string>
#include <utility>

#include "gristmill/kernels/mojibake.h"
#include "gristmill/kernels/unicode.h"
#include "gristmill/kernels/whitespace.h"

namespace gristmill::ops {
namespace {

constexpr std::array options{
    OptionSpec{.name = "form",
               .type = OptionType::string,
               .fallback = "\"nfc\"",
               .choices = "nfc,nfkc,none",
               .help = "Unicode normalization; nfkc also changes meaning (superscripts, ligatures, full width)"},
    OptionSpec{.name = "repair_mojibake",
               .type = OptionType::boolean,
               .fallback = "true",
               .help = "Undo UTF-8 that was read as windows-1252 or latin-1"},
    OptionSpec{.name = "whitespace",
               .type = OptionType::boolean,
               .fallback = "true",
               .help = "LF line ends, no blanks at line ends, at most two blank lines in a row, no control, zero-width "
                       "or direction characters; indentation stays"},
    OptionSpec{.name = "quotes", .type = OptionType::boolean, .fallback = "false", .help = "Straighten curly quotes"},
};
constexpr std::array columns{
    ColumnSpec{"charset_repaired", data::ColumnType::boolean,
               "True when mojibake was undone; null when not looked for"},
};

struct TextScratch final : Scratch {
  std::string text;
  std::string next;
};

}  // namespace

constinit const Spec NormalizeUnicode::spec_{
    .name = "normalize.unicode",
    .version = 1,
    .kind = Kind::map,
    .summary = "Repairs mojibake, brings white space into order and normalizes Unicode.",
    .reference = "Unicode Standard Annex 15; ftfy (Speer 2019) for the cases of mojibake",
    .options = options,
    .columns_in = {},
    .columns_out = columns,
    .reasons = {},
};

Result<std::unique_ptr<Operator>> NormalizeUnicode::make(const Options& given) {
  const auto& form = given.string("form");
  return std::make_unique<NormalizeUnicode>(Steps{
      .form = form == "nfc"    ? Form::nfc
              : form == "nfkc" ? Form::nfkc
                               : Form::none,
      .repair_mojibake = given.boolean("repair_mojibake"),
      .whitespace = given.boolean("whitespace"),
      .quotes = given.boolean("quotes"),
  });
}

std::unique_ptr<Scratch> NormalizeUnicode::make_scratch() const { return std::make_unique<TextScratch>(); }

Verdict NormalizeUnicode::apply(data::Document& document, Scratch& scratch) const {
  auto& buffers = static_cast<TextScratch&>(scratch);
  auto text = document.text;
  bool changed = false;
  const auto take = [&](auto&& step) {
    buffers.next.clear();
    if (!step(text, buffers.next)) return false;
    std::swap(buffers.text, buffers.next);
    text = buffers.text;
    changed = true;
    return true;
  };
  const auto normalize = [&](kernels::NormalizationForm form) {
    take([form](std::string_view in, std::string& out) { return kernels::normalize_unicode(form, in, out); });
  };
  // Repair comes first: it reads C1 controls and spaces that do not break as what they were. NFKC makes plain blanks
  // of them, so it precedes the white space. Removing characters may bring a letter and its mark together, so
  // composing comes last.
  if (steps_.repair_mojibake) document.columns[scratch.columns_out[0]] = take(kernels::repair_mojibake);
  if (steps_.form == Form::nfkc) normalize(kernels::NormalizationForm::nfkc);
  if (steps_.whitespace) take(kernels::clean_whitespace);
  if (steps_.quotes) take(kernels::straighten_quotes);
  if (steps_.form != Form::none) normalize(kernels::NormalizationForm::nfc);
  if (changed) document.text = scratch.arena->copy(text);
  return Verdict::kept();
}

}  // namespace gristmill::ops
