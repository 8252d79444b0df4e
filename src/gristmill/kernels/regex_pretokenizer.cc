// SPDX-License-Identifier: Apache-2.0
#include "gristmill/kernels/regex_pretokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "gristmill/kernels/utf8.h"

namespace gristmill::kernels {
namespace {

constexpr std::size_t regex_bytes_max = 16384;
constexpr std::uint32_t match_steps_max = 10'000'000;

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};

std::string message_of(int code) {
  PCRE2_UCHAR text[256] = {};
  pcre2_get_error_message(code, text, sizeof(text));
  return {text, std::find(std::begin(text), std::end(text), PCRE2_UCHAR{0})};
}

class RegexPretokenizer final : public Pretokenizer {
 public:
  explicit RegexPretokenizer(pcre2_code* code) : code_(code) {}

  Result<std::size_t> split(std::string_view text, std::size_t& position,
                            std::span<std::uint32_t> ends) const override {
    // One text is cut in many calls: only the first may pay for the check of the encoding.
    if (position == 0 && !is_valid_utf8(text)) return corrupt_data("text is not well-formed UTF-8");
    const std::unique_ptr<pcre2_match_data, FreeMatch> match(pcre2_match_data_create(1, nullptr));
    const std::unique_ptr<pcre2_match_context, FreeContext> context(pcre2_match_context_create(nullptr));
    if (!match || !context) return unavailable("out of memory for a regular expression match");
    pcre2_set_match_limit(context.get(), match_steps_max);
    std::size_t count = 0;
    while (position < text.size() && count + 2 <= ends.size()) {
      GRISTMILL_TRY(const auto found, find(text, position, match.get(), context.get()));
      if (found.first > position) ends[count++] = static_cast<std::uint32_t>(found.first);
      if (found.second > found.first) ends[count++] = static_cast<std::uint32_t>(found.second);
      position = found.second;
    }
    return count;
  }

 private:
  /// Start and end of the first match that is not empty; both the end of the text when there is none.
  Result<std::pair<std::size_t, std::size_t>> find(std::string_view text, std::size_t position, pcre2_match_data* match,
                                                   pcre2_match_context* context) const {
    const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    const int status = pcre2_match(code_.get(), subject, text.size(), position, PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY,
                                   match, context);
    if (status == PCRE2_ERROR_NOMATCH) return std::pair{text.size(), text.size()};
    if (status < 0) {
      return limit_exceeded(
          fmt::format("the tokenizer's Split expression gave up at byte {}: {}", position, message_of(status)));
    }
    const auto* bounds = pcre2_get_ovector_pointer(match);
    // \K in a lookahead can put the start behind the end, or before where we stand.
    if (bounds[0] < position || bounds[1] <= bounds[0]) {
      return invalid_argument(fmt::format("the tokenizer's Split expression matched backwards at byte {}", position));
    }
    return std::pair{bounds[0], bounds[1]};
  }

  std::unique_ptr<pcre2_code, FreeCode> code_;
};

}  // namespace

Result<std::unique_ptr<Pretokenizer>> make_regex_pretokenizer(std::string_view regex) {
  if (regex.size() > regex_bytes_max) {
    return limit_exceeded(
        fmt::format("Split expression of {} bytes, at most {} are allowed", regex.size(), regex_bytes_max));
  }
  int code = 0;
  PCRE2_SIZE offset = 0;
  auto* compiled = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(regex.data()), regex.size(),
                                 PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &code, &offset, nullptr);
  if (compiled == nullptr) {
    return invalid_argument(fmt::format("Split expression does not compile at byte {}: {}", offset, message_of(code)));
  }
  // Without just-in-time code matching is only slower.
  pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
  return std::unique_ptr<Pretokenizer>(std::make_unique<RegexPretokenizer>(compiled));
}

}  // namespace gristmill::kernels
