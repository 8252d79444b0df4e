// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/accounting.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <numeric>

namespace gristmill::engine {
namespace {

constexpr std::size_t examples_max = 3;
constexpr std::size_t example_text_bytes = 400;
constexpr std::size_t distinct_words_max = 256;
constexpr std::size_t quarantine_notes_max = 200;
constexpr auto other_words = "(other)";

using Counts = std::map<std::string, std::int64_t>;

std::int64_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0},
                         [](std::int64_t total, const auto& entry) { return total + entry.second; });
}

void add_counts(Counts& into, const Counts& from) {
  for (const auto& [key, count] : from) into[key] += count;
}

/// Adds value counts, keeping at most `distinct_words_max` values: further ones are summed under one name.
void add_words(Counts& into, const std::string& word, std::int64_t count) {
  if (into.size() >= distinct_words_max && !into.contains(word)) {
    into[other_words] += count;
  } else {
    into[word] += count;
  }
}

Json counts_json(const Counts& counts) {
  auto json = Json::object();
  for (const auto& [key, count] : counts) json.set(key, count);
  return json;
}

Counts counts_from(const Json& json) {
  Counts counts;
  for (const auto& [key, count] : json.members()) counts[key] = count.as_int();
  return counts;
}

/// Cuts at a code point boundary.
std::string_view cut(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

Json tally_json(const ops::Tally& tally) {
  auto json = Json::object();
  for (const auto& [subject, counts] : tally) json.set(subject, counts_json(counts));
  return json;
}

template <std::size_t size>
Json histogram_json(const std::array<std::int64_t, size>& counts) {
  auto json = Json::array();
  auto used = size;
  while (used > 0 && counts[used - 1] == 0) --used;
  for (std::size_t i = 0; i < used; ++i) json.push(counts[i]);
  return json;
}

template <std::size_t size>
void histogram_from(const Json& json, std::array<std::int64_t, size>& counts) {
  for (std::size_t i = 0; i < std::min(size, json.size()); ++i) counts[i] = json.items()[i].as_int();
}

template <std::size_t size>
void add_histogram(std::array<std::int64_t, size>& into, const std::array<std::int64_t, size>& from) {
  for (std::size_t i = 0; i < size; ++i) into[i] += from[i];
}

Json operator_json(const OperatorAccount& account) {
  auto examples = Json::object();
  for (const auto& [reason, list] : account.examples) {
    auto items = Json::array();
    for (const auto& example : list) {
      items.push(Json::object({{"id", example.id},
                               {"origin_uri", example.origin_uri},
                               {"offset", example.offset},
                               {"text", example.text}}));
    }
    examples.set(reason, std::move(items));
  }
  return Json::object({{"name", account.name},
                       {"version", account.version},
                       {"in", account.in},
                       {"out", account.out},
                       {"created", account.created},
                       {"merged", account.merged},
                       {"dropped", counts_json(account.dropped)},
                       {"quarantined", counts_json(account.quarantined)},
                       {"tally", tally_json(account.tally)},
                       {"cpu_seconds", account.cpu_seconds},
                       {"bytes_in", account.bytes_in},
                       {"bytes_out", account.bytes_out},
                       {"examples", std::move(examples)}});
}

OperatorAccount operator_from(const Json& json) {
  OperatorAccount account{.name = json["name"].as_string(),
                          .version = static_cast<int>(json["version"].as_int()),
                          .in = json["in"].as_int(),
                          .out = json["out"].as_int(),
                          .created = json["created"].as_int(),
                          .merged = json["merged"].as_int(),
                          .dropped = counts_from(json["dropped"]),
                          .quarantined = counts_from(json["quarantined"]),
                          .cpu_seconds = json["cpu_seconds"].as_double(),
                          .bytes_in = json["bytes_in"].as_int(),
                          .bytes_out = json["bytes_out"].as_int()};
  for (const auto& [subject, counts] : json["tally"].members()) account.tally[subject] = counts_from(counts);
  for (const auto& [reason, list] : json["examples"].members()) {
    for (const auto& item : list.items()) {
      account.examples[reason].push_back(
          {item["id"].as_string(), item["origin_uri"].as_string(), item["offset"].as_int(), item["text"].as_string()});
    }
  }
  return account;
}

/// The reason that documents with this one are counted under.
std::string told_reason(const Counts& counts, const std::string& reason) {
  if (counts.size() < reasons_max || counts.contains(reason)) return reason;
  return reason.substr(0, reason.find('.')) + ".other";
}

void add_reasons(Counts& into, const Counts& from) {
  for (const auto& [reason, count] : from) into[told_reason(into, reason)] += count;
}

void add_operator(OperatorAccount& into, const OperatorAccount& from) {
  into.in += from.in;
  into.out += from.out;
  into.created += from.created;
  into.merged += from.merged;
  into.cpu_seconds += from.cpu_seconds;
  into.bytes_in += from.bytes_in;
  into.bytes_out += from.bytes_out;
  add_reasons(into.dropped, from.dropped);
  add_reasons(into.quarantined, from.quarantined);
  for (const auto& [subject, counts] : from.tally) add_counts(into.tally[subject], counts);
  for (const auto& [reason, list] : from.examples) {
    if (into.examples.size() >= 2 * reasons_max && !into.examples.contains(reason)) continue;
    auto& kept = into.examples[reason];
    for (const auto& example : list) {
      if (kept.size() < examples_max) kept.push_back(example);
    }
  }
}

}  // namespace

void OperatorAccount::note_example(std::string_view reason, const data::Document& document) {
  auto& list = examples[std::string(reason)];
  if (list.size() >= examples_max) return;
  list.push_back({document.id.hex(), std::string(document.origin_uri), document.origin_offset,
                  std::string(cut(document.text, example_text_bytes))});
}

std::int64_t OperatorAccount::dropped_total() const { return sum(dropped); }
std::int64_t OperatorAccount::quarantined_total() const { return sum(quarantined); }

void LogHistogram::add(std::int64_t value) {
  const auto bucket = static_cast<std::size_t>(
      std::bit_width(static_cast<std::uint64_t>(std::max<std::int64_t>(0, value))));
  ++counts[std::min(bucket, counts.size() - 1)];
}

void ShareHistogram::add(double value) {
  if (!(value >= 0 && value <= 1)) return;
  ++counts[std::min(static_cast<std::size_t>(value * static_cast<double>(counts.size())), counts.size() - 1)];
}

void Distributions::add(const data::Document& document, const std::vector<data::Column>& columns) {
  text_bytes.add(static_cast<std::int64_t>(document.text.size()));
  for (std::size_t i = 0; i < std::min(columns.size(), document.columns.size()); ++i) {
    const auto& value = document.columns[i];
    if (const auto* whole = std::get_if<std::int64_t>(&value)) {
      integers[columns[i].name].add(*whole);
    } else if (const auto* share = std::get_if<double>(&value)) {
      shares[columns[i].name].add(*share);
    } else if (const auto* word = std::get_if<std::string_view>(&value); word && word->size() <= 24) {
      add_words(words[columns[i].name], std::string(*word), 1);
    }
  }
}

void Account::add(const Account& other) {
  documents_in += other.documents_in;
  documents_out += other.documents_out;
  text_bytes_in += other.text_bytes_in;
  text_bytes_out += other.text_bytes_out;
  file_bytes_out += other.file_bytes_out;
  tokens += other.tokens;
  read_cpu_seconds += other.read_cpu_seconds;
  write_cpu_seconds += other.write_cpu_seconds;
  add_counts(skipped, other.skipped);
  for (std::size_t i = 0; i < other.operators.size(); ++i) {
    if (i < operators.size()) {
      add_operator(operators[i], other.operators[i]);
    } else {
      operators.push_back(other.operators[i]);
    }
  }
  for (const auto& note : other.quarantine) {
    if (quarantine.size() < quarantine_notes_max) quarantine.push_back(note);
  }
  add_histogram(distributions.text_bytes.counts, other.distributions.text_bytes.counts);
  for (const auto& [name, histogram] : other.distributions.integers)
    add_histogram(distributions.integers[name].counts, histogram.counts);
  for (const auto& [name, histogram] : other.distributions.shares)
    add_histogram(distributions.shares[name].counts, histogram.counts);
  for (const auto& [name, counts] : other.distributions.words) {
    for (const auto& [word, count] : counts) add_words(distributions.words[name], word, count);
  }
}

Status Account::check_conservation() const {
  std::int64_t entering = documents_in;
  for (const auto& account : operators) {
    const auto left = account.in + account.created;
    const auto right = account.out + account.dropped_total() + account.merged + account.quarantined_total();
    if (account.in != entering || left != right) {
      return Error{
          ErrorCode::internal,
          fmt::format("documents do not balance at {}: {} arrived, in {} + created {} != out {} + dropped {} + merged "
                      "{} + quarantined {}",
                      account.name, entering, account.in, account.created, account.out, account.dropped_total(),
                      account.merged, account.quarantined_total())};
    }
    entering = account.out;
  }
  if (entering != documents_out) {
    return Error{
        ErrorCode::internal,
        fmt::format("documents do not balance: {} left the last operator, {} were written", entering, documents_out)};
  }
  return {};
}

std::int64_t Account::quarantined_total() const {
  std::int64_t total = 0;
  for (const auto& account : operators) total += account.quarantined_total();
  return total;
}

std::int64_t Account::dropped_total() const {
  std::int64_t total = 0;
  for (const auto& account : operators) total += account.dropped_total();
  return total;
}

double Account::cpu_seconds() const {
  double total = read_cpu_seconds + write_cpu_seconds;
  for (const auto& account : operators) total += account.cpu_seconds;
  return total;
}

Json Account::to_json() const {
  auto list = Json::array();
  for (const auto& account : operators) list.push(operator_json(account));
  auto notes = Json::array();
  for (const auto& note : quarantine) {
    notes.push(Json::object({{"operator", note.operator_name},
                             {"reason", note.reason},
                             {"message", note.message},
                             {"origin_uri", note.origin_uri},
                             {"offset", note.offset}}));
  }
  auto integers = Json::object();
  for (const auto& [name, histogram] : distributions.integers) integers.set(name, histogram_json(histogram.counts));
  auto shares = Json::object();
  for (const auto& [name, histogram] : distributions.shares) shares.set(name, histogram_json(histogram.counts));
  auto words = Json::object();
  for (const auto& [name, counts] : distributions.words) words.set(name, counts_json(counts));
  return Json::object({{"in", documents_in},
                       {"out", documents_out},
                       {"text_bytes_in", text_bytes_in},
                       {"text_bytes_out", text_bytes_out},
                       {"file_bytes_out", file_bytes_out},
                       {"tokens", tokens},
                       {"read_cpu", read_cpu_seconds},
                       {"write_cpu", write_cpu_seconds},
                       {"skipped", counts_json(skipped)},
                       {"operators", std::move(list)},
                       {"quarantine", std::move(notes)},
                       {"text_bytes", histogram_json(distributions.text_bytes.counts)},
                       {"integers", std::move(integers)},
                       {"shares", std::move(shares)},
                       {"words", std::move(words)}});
}

Account Account::from_json(const Json& json) {
  Account account{.documents_in = json["in"].as_int(),
                  .documents_out = json["out"].as_int(),
                  .text_bytes_in = json["text_bytes_in"].as_int(),
                  .text_bytes_out = json["text_bytes_out"].as_int(),
                  .file_bytes_out = json["file_bytes_out"].as_int(),
                  .tokens = json["tokens"].as_int(),
                  .read_cpu_seconds = json["read_cpu"].as_double(),
                  .write_cpu_seconds = json["write_cpu"].as_double(),
                  .skipped = counts_from(json["skipped"])};
  for (const auto& item : json["operators"].items()) account.operators.push_back(operator_from(item));
  for (const auto& item : json["quarantine"].items()) {
    account.quarantine.push_back({item["operator"].as_string(), item["reason"].as_string(), item["message"].as_string(),
                                  item["origin_uri"].as_string(), item["offset"].as_int()});
  }
  auto& distributions = account.distributions;
  histogram_from(json["text_bytes"], distributions.text_bytes.counts);
  for (const auto& [name, counts] : json["integers"].members())
    histogram_from(counts, distributions.integers[name].counts);
  for (const auto& [name, counts] : json["shares"].members()) histogram_from(counts, distributions.shares[name].counts);
  for (const auto& [name, counts] : json["words"].members()) distributions.words[name] = counts_from(counts);
  return account;
}

namespace {

__extension__ using Wide = unsigned __int128;

// An odd multiplier, so that multiplication loses nothing modulo 2^128 (from the fractional digits of pi).
constexpr Wide multiplier = (Wide{0x243F6A8885A308D3ULL} << 64) | 0x13198A2E03707345ULL;

Wide wide(const Hash128& hash) { return (Wide{hash.high} << 64) | hash.low; }
Hash128 narrow(Wide value) { return {static_cast<std::uint64_t>(value >> 64), static_cast<std::uint64_t>(value)}; }

Wide power(Wide base, std::uint64_t exponent) {
  Wide result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base) {
    if (exponent & 1) result *= base;
  }
  return result;
}

}  // namespace

void SequenceDigest::add(const Hash128& id, const Hash128& content) {
  const std::array<std::uint64_t, 4> words{id.high, id.low, content.high, content.low};
  const auto item = xxh3_128({reinterpret_cast<const char*>(words.data()), sizeof words});
  value_ = narrow(wide(value_) * multiplier + wide(item));
  ++count_;
}

void SequenceDigest::append(const SequenceDigest& later) {
  value_ = narrow(wide(value_) * power(multiplier, later.count_) + wide(later.value_));
  count_ += later.count_;
}

std::string SequenceDigest::serialize() const { return fmt::format("{}:{}", value_.hex(), count_); }

SequenceDigest SequenceDigest::parse(const std::string& text) {
  SequenceDigest digest;
  if (text.size() > 33 && Hash128::parse(std::string_view(text).substr(0, 32), digest.value_)) {
    std::from_chars(text.data() + 33, text.data() + text.size(), digest.count_);
  }
  return digest;
}

}  // namespace gristmill::engine
