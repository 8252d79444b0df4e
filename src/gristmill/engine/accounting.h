// SPDX-License-Identifier: Apache-2.0
// Plans, stages, tasks, exchange, checkpoint and accounting. Knows no SQL: finished tasks go to a Journal.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/data/document.h"
#include "gristmill/ops/operator.h"

namespace gristmill::engine {

/// A document shown for a reason in the report: cut text and its place.
struct Example {
  std::string id;
  std::string origin_uri;
  std::int64_t offset = 0;
  std::string text;
};

/// Different reasons of an operator that are told apart; documents of further ones count as `<operator>.other`.
constexpr std::size_t reasons_max = 100;

/// What one operator did. Documents balance: in + created = out + dropped + merged + quarantined.
struct OperatorAccount {
  std::string name;
  int version = 0;
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t created = 0;
  std::int64_t merged = 0;
  std::map<std::string, std::int64_t> dropped;
  std::map<std::string, std::int64_t> quarantined;
  ops::Tally tally;  ///< What the operator counted beside documents; most count nothing.
  std::map<std::string, std::vector<Example>> examples;  ///< Up to three a reason, first in input order.
  double cpu_seconds = 0;  ///< Of a global operator: keys, exchange, clustering and applying what was decided.
  std::int64_t bytes_in = 0;
  std::int64_t bytes_out = 0;

  void note_example(std::string_view reason, const data::Document& document);
  [[nodiscard]] std::int64_t dropped_total() const;
  [[nodiscard]] std::int64_t quarantined_total() const;
};

/// Counts by power of two: bucket i holds values in [2^(i-1), 2^i), bucket 0 holds 0.
struct LogHistogram {
  std::array<std::int64_t, 48> counts{};
  void add(std::int64_t value);
};

/// Counts of shares: twenty equal buckets of [0, 1].
struct ShareHistogram {
  std::array<std::int64_t, 20> counts{};
  void add(double value);
};

/// What the documents that came out look like.
struct Distributions {
  LogHistogram text_bytes;
  std::map<std::string, LogHistogram> integers;
  std::map<std::string, ShareHistogram> shares;
  std::map<std::string, std::map<std::string, std::int64_t>> words;  ///< Value counts of string columns, capped.
  void add(const data::Document& document, const std::vector<data::Column>& columns);
};

/// One unreadable or unprocessable piece, for the report and the exit code.
struct QuarantineNote {
  std::string operator_name;
  std::string reason;
  std::string message;
  std::string origin_uri;
  std::int64_t offset = 0;
};

/// Everything counted of a task, a stage or a run; the same type, so that totals are sums.
struct Account {
  std::int64_t documents_in = 0;   ///< Records met by the readers, good and bad.
  std::int64_t documents_out = 0;  ///< Written to the output.
  std::int64_t text_bytes_in = 0;
  std::int64_t text_bytes_out = 0;
  std::int64_t file_bytes_out = 0;
  std::int64_t tokens = 0;
  double read_cpu_seconds = 0;   ///< Opening inputs and turning their bytes into documents.
  double write_cpu_seconds = 0;  ///< Output files, document index, digests, distributions, token segments.
  std::map<std::string, std::int64_t> skipped;  ///< Records that are no documents by nature (WARC requests), by kind.
  std::vector<OperatorAccount> operators;  ///< The reader first, then the steps in order.
  std::vector<QuarantineNote> quarantine;  ///< The first of them; the counts are in `operators`.
  Distributions distributions;

  /// Adds another account; operators are matched by position. `other` comes later in input order.
  void add(const Account& other);
  /// Fails when any operator's documents do not balance or the chain has a gap between two operators.
  [[nodiscard]] Status check_conservation() const;
  [[nodiscard]] std::int64_t quarantined_total() const;
  [[nodiscard]] std::int64_t dropped_total() const;
  [[nodiscard]] double cpu_seconds() const;

  [[nodiscard]] Json to_json() const;
  static Account from_json(const Json& json);
};

/// Order-dependent digest of a document sequence that can be composed: digest(ab) from digest(a) and digest(b), so it
/// does not depend on how the input was split. Polynomial over XXH3-128 values, modulo 2^128.
class SequenceDigest {
 public:
  void add(const Hash128& id, const Hash128& content);
  void append(const SequenceDigest& later);
  [[nodiscard]] std::string hex() const { return value_.hex(); }
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::string serialize() const;
  static SequenceDigest parse(const std::string& text);

 private:
  Hash128 value_;
  std::uint64_t count_ = 0;
};

}  // namespace gristmill::engine
