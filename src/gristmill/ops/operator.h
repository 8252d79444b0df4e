// SPDX-License-Identifier: Apache-2.0
// The operators: documents in, verdicts and columns out. Knows no files, threads or catalog.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/data/document.h"

namespace gristmill::ops {

/// Type of a parameter in a pipeline file.
enum class OptionType { boolean, integer, number, string, string_list, file };

/// One parameter: the only place where its name, type, default, range and help stand.
struct OptionSpec {
  std::string_view name;
  OptionType type = OptionType::number;
  std::string_view fallback;  ///< Default as JSON text ("3", "true", "\"nfc\"", "[\"en\"]"); empty = required.
  double minimum = -1e300;  ///< Allowed range of numbers.
  double maximum = 1e300;
  std::string_view unit;  ///< "words", "bytes", "" for none.
  std::string_view choices;  ///< Allowed strings, comma-separated; empty = any.
  std::string_view help;
};

/// A column that an operator reads or writes.
struct ColumnSpec {
  std::string_view name;
  data::ColumnType type = data::ColumnType::string;
  std::string_view help;
};

/// What kind of operator it is.
enum class Kind {
  map,  ///< Changes documents or adds columns; never drops (may quarantine).
  filter,  ///< Keeps or drops with a reason; takes `annotate: true`.
  global,  ///< Needs all documents: see GlobalOperator.
};

/// Everything about an operator that is not code. Help, docs, validation and schemas are made from it.
struct Spec {
  std::string_view name;  ///< family.name
  int version = 1;  ///< Raised whenever any result can change.
  Kind kind = Kind::map;
  std::string_view summary;  ///< One sentence.
  std::string_view reference;  ///< Paper, recipe or standard that defines it.
  std::span<const OptionSpec> options;
  std::span<const ColumnSpec> columns_in;
  std::span<const ColumnSpec> columns_out;
  std::span<const std::string_view>
      reasons;  ///< Codes for dropping and quarantining, `name.reason` without the family.
  std::span<const ColumnSpec>
      annotation_columns;  ///< What a filter measured: written beside its reason with `annotate: true`, else not made.
};

/// Parameters of one step, already checked against the OptionSpecs, defaults filled in.
class Options {
 public:
  explicit Options(Json values) : values_(std::move(values)) {}
  [[nodiscard]] bool boolean(std::string_view name) const { return values_[name].as_bool(); }
  [[nodiscard]] std::int64_t integer(std::string_view name) const { return values_[name].as_int(); }
  [[nodiscard]] double number(std::string_view name) const { return values_[name].as_double(); }
  [[nodiscard]] const std::string& string(std::string_view name) const { return values_[name].as_string(); }
  [[nodiscard]] std::vector<std::string> strings(std::string_view name) const;
  /// Bytes of the file that a `file` option names; the caller of `make` loaded it (ops read no files).
  /// Null when the option is empty.
  [[nodiscard]] const std::string* file(std::string_view name) const;
  void set_file(std::string_view name, std::shared_ptr<const std::string> bytes);
  [[nodiscard]] const Json& values() const { return values_; }

 private:
  Json values_;
  std::vector<std::pair<std::string, std::shared_ptr<const std::string>>> files_;
};

/// Checks given parameters against a spec and fills in the defaults. The error names the parameter, what is
/// allowed, and the nearest name for a misspelt one.
Result<Options> resolve_options(const Spec& spec, const Json& given);

enum class Outcome : std::uint8_t { kept, dropped, quarantined };

/// What an operator decided on one document.
struct Verdict {
  Outcome outcome = Outcome::kept;
  std::string_view reason;  ///< One of the spec's reasons (static storage).
  std::string message;  ///< Quarantine only: what was wrong and where.

  static Verdict kept() { return {}; }
  static Verdict dropped(std::string_view reason) { return {Outcome::dropped, reason, {}}; }
  static Verdict quarantined(std::string_view reason, std::string message) {
    return {Outcome::quarantined, reason, std::move(message)};
  }
};

class SharedWords;

/// What an operator counts beside documents, such as finds by kind: how often what was done, {subject: {action: n}}.
using Tally = std::map<std::string, std::map<std::string, std::int64_t>>;

/// Per-thread working memory of one operator: reusable buffers, and where its columns are. Operators with buffers of
/// their own derive from it.
struct Scratch {
  virtual ~Scratch() = default;
  data::Arena* arena = nullptr;  ///< Of the batch at hand: new text and strings go here.
  std::vector<std::uint16_t> columns_in;  ///< Slot of each column in spec.columns_in.
  std::vector<std::uint16_t> columns_out;  ///< Slot of each column in spec.columns_out.
  double cpu_seconds_elsewhere = 0;  ///< CPU time spent for the batch at hand outside the calling thread.
  std::vector<std::uint16_t>
      annotation_columns;  ///< Slot of each column in spec.annotation_columns; empty unless the step annotates.
  bool keeps_dropped = false;  ///< The step has `annotate: true`: a document that is dropped goes on as it is.
  SharedWords* shared_words = nullptr;  ///< Of the chain, for all its operators; null when an operator runs alone.

  /// Adds what was counted since the last call, and forgets it. The engine calls it after each batch.
  virtual void add_to(Tally& /*tally*/) {}

  /// True when a filter shall write what it measured; it then measures everything, whatever fails first.
  [[nodiscard]] bool annotates() const { return !annotation_columns.empty(); }
};

/// One transformation. Const and thread-safe; the engine loops over batches, the author writes one document.
class Operator {
 public:
  virtual ~Operator() = default;
  /// That of the class; columns that depend on the parameters are added for this object.
  [[nodiscard]] virtual const Spec& spec() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Scratch> make_scratch() const { return std::make_unique<Scratch>(); }
  /// Told once, before any document, which columns there are where the step stands; the error says what does not fit.
  virtual Status bind(std::span<const data::Column> /*columns*/) { return {}; }
  /// Judges and changes one document. Work is bounded by document size and fixed budgets, never by time.
  /// Must not throw; problems of a document are verdicts.
  virtual Verdict apply(data::Document& document, Scratch& scratch) const = 0;
  /// True for an operator that wants many documents at once: the engine then calls `apply_batch` instead of `apply`.
  [[nodiscard]] virtual bool is_batched() const { return false; }
  /// Judges documents together, one verdict each. Fails only when none of them could be worked on whatever they hold.
  virtual Status apply_batch(std::span<data::Document* const> documents, Scratch& scratch,
                             std::span<Verdict> verdicts) const {
    for (std::size_t i = 0; i < documents.size(); ++i) verdicts[i] = apply(*documents[i], scratch);
    return {};
  }
};

/// Says that a document belongs with all others that share the key.
struct ClusterKey {
  Hash128 key;
};

/// An operator that compares documents with each other: in the chain before the cut it emits keys; documents that share
/// any key (transitively) form a cluster, of which one survives by a rule on origin order; in the
/// chain after the cut the others are dropped with `duplicate_reason`.
class GlobalOperator : public Operator {
 public:
  /// Appends the document's keys (none: it is unique by definition).
  virtual void keys(const data::Document& document, Scratch& scratch, std::vector<Hash128>& out) const = 0;
  [[nodiscard]] virtual std::string_view duplicate_reason() const = 0;
  /// True: the earliest in input order survives; false: the latest.
  [[nodiscard]] virtual bool keeps_first() const { return true; }
  /// How many values make a key; `keys` appends as many for each. With more than one the keys have an order (by value,
  /// high before low; the top 10 bits of the first value are its place in the exchange, so they should spread), and
  /// what survives is the root after joining neighbours in that order, the smaller set to the larger.
  [[nodiscard]] virtual std::size_t key_values() const { return 1; }
  /// Never called for a global operator: the cut decides.
  Verdict apply(data::Document&, Scratch&) const override { return Verdict::kept(); }
};

/// A line of the catalog.
struct CatalogEntry {
  const Spec* spec;
  Result<std::unique_ptr<Operator>> (*make)(const Options& options);
};

/// All operators, sorted by name.
std::span<const CatalogEntry> catalog();
/// Entry by name, or null.
const CatalogEntry* find_operator(std::string_view name);
/// Nearest known word for a misspelt one: one that it is a part of, else by letters (Damerau-Levenshtein, at
/// most a third of its length); or empty.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

}  // namespace gristmill::ops
