// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "gristmill/ops/annotate/redpajama.h"
#include "gristmill/ops/dedup/exact.h"
#include "gristmill/ops/dedup/minhash.h"
#include "gristmill/ops/extract/html.h"
#include "gristmill/ops/extract/strip_tags.h"
#include "gristmill/ops/filter/answer_leak.h"
#include "gristmill/ops/filter/blocklist.h"
#include "gristmill/ops/filter/c4.h"
#include "gristmill/ops/filter/c4_paragraph.h"
#include "gristmill/ops/filter/conversation.h"
#include "gristmill/ops/filter/expression.h"
#include "gristmill/ops/filter/fineweb.h"
#include "gristmill/ops/filter/gopher_quality.h"
#include "gristmill/ops/filter/gopher_repetition.h"
#include "gristmill/ops/filter/lines.h"
#include "gristmill/ops/filter/noise.h"
#include "gristmill/ops/filter/preference_pair.h"
#include "gristmill/ops/filter/url_density.h"
#include "gristmill/ops/language/filter.h"
#include "gristmill/ops/language/identify.h"
#include "gristmill/ops/normalize/unicode.h"
#include "gristmill/ops/operator.h"
#include "gristmill/ops/redact/pii.h"
#include "gristmill/ops/tokenize/bpe.h"

namespace gristmill::ops {
namespace {

/// A line of the catalog from an operator class.
template <typename T>
constexpr CatalogEntry entry{&T::spec_, &T::make};

/// One line an operator, sorted by name.
constexpr std::array entries{
    entry<AnnotateRedpajama>,  entry<DedupExact>,       entry<DedupMinhash>,
    entry<ExtractHtml>,        entry<ExtractStripTags>, entry<FilterAnswerLeak>,
    entry<FilterBlocklist>,    entry<FilterC4>,         entry<C4Paragraph>,
    entry<FilterConversation>, entry<FilterExpression>, entry<FilterFineweb>,
    entry<GopherQuality>,      entry<GopherRepetition>, entry<FilterLanguage>,
    entry<FilterLines>,        entry<FilterNoise>,      entry<FilterPreferencePair>,
    entry<FilterUrlDensity>,   entry<LanguageIdentify>, entry<NormalizeUnicode>,
    entry<RedactPii>,          entry<TokenizeBpe>,
};

}  // namespace

std::span<const CatalogEntry> catalog() { return entries; }

const CatalogEntry* find_operator(std::string_view name) {
  const auto found = std::ranges::find(entries, name, [](const CatalogEntry& entry) { return entry.spec->name; });
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace gristmill::ops
