// SPDX-License-Identifier: Apache-2.0
// Runs tests/cases/<operator>.jsonl against the catalog. A line is one case:
//   "case"        what it shows
//   "options"     parameters as in a pipeline file; those of type `file` are paths below the repository root
//   "text"        the document, repeated "repeat" times (default 1); "media_type", "url", "metadata", "columns_in"
//   also;
//                 "conversation": an object of docs/formats/conversation.md, or a string as it stands
//   "keep"        false: dropped or quarantined with "reason" (with `annotate: true` the engine would keep it)
//   "expect_text", "expect_media_type", "columns", "tokens"   what must come out; left out: not looked at
//   "error"       the options must be refused with this code
// Cases of global operators have "documents" and "keep" lists instead of "text".
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include "gristmill/ops/operator.h"

namespace gristmill::ops {
namespace {

namespace fs = std::filesystem;

std::string read_bytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  REQUIRE_MESSAGE(file.good(), "cannot read ", path.string());
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

/// Case files by operator name, sorted.
std::map<std::string, fs::path> case_files() {
  std::map<std::string, fs::path> files;
  const auto folder = fs::path(GRISTMILL_SOURCE_DIR) / "tests" / "cases";
  if (!fs::exists(folder)) return files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".jsonl") files.emplace(entry.path().stem().string(), entry.path());
  }
  return files;
}

std::vector<Json> read_cases(const fs::path& path) {
  std::vector<Json> cases;
  std::istringstream lines(read_bytes(path));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty()) continue;
    auto parsed = Json::parse(line);
    const auto message = parsed ? std::string() : parsed.error().message;
    REQUIRE_MESSAGE(parsed.ok(), path.filename().string(), ":", number, ": ", message);
    cases.push_back(*std::move(parsed));
  }
  return cases;
}

Result<std::unique_ptr<Operator>> make_operator(const CatalogEntry& entry, const Json& given) {
  GRISTMILL_TRY(auto options, resolve_options(*entry.spec, given));
  for (const auto& option : entry.spec->options) {
    if (option.type != OptionType::file || options.string(option.name).empty()) continue;
    const auto path = fs::path(GRISTMILL_SOURCE_DIR) / options.string(option.name);
    if (!fs::exists(path)) return not_found("no file " + options.string(option.name));
    options.set_file(option.name, std::make_shared<const std::string>(read_bytes(path)));
  }
  return entry.make(options);
}

/// One batch with the operator's columns laid out: inputs first, then outputs.
struct Bench {
  data::Batch batch;
  std::vector<std::string_view> names;
  std::unique_ptr<Scratch> scratch;

  Bench(const Operator& op, std::size_t document_count, bool annotates = false) : scratch(op.make_scratch()) {
    const auto slot_of = [this](std::string_view name) {
      const auto slot = static_cast<std::uint16_t>(std::ranges::find(names, name) - names.begin());
      if (slot == names.size()) names.push_back(name);
      return slot;
    };
    for (const auto& column : op.spec().columns_in) scratch->columns_in.push_back(slot_of(column.name));
    for (const auto& column : op.spec().columns_out) scratch->columns_out.push_back(slot_of(column.name));
    if (annotates) {
      for (const auto& column : op.spec().annotation_columns)
        scratch->annotation_columns.push_back(slot_of(column.name));
    }
    scratch->arena = &batch.arena;
    batch.documents.resize(document_count);
    for (auto& document : batch.documents) document.columns = batch.allocate_cells(names.size());
  }

  data::Value* cell(data::Document& document, std::string_view name) {
    const auto found = std::ranges::find(names, name);
    return found == names.end() ? nullptr : &document.columns[static_cast<std::size_t>(found - names.begin())];
  }
};

data::Value to_value(const Json& json, data::Arena& arena) {
  if (json.is_bool()) return json.as_bool();
  if (json.is_int()) return json.as_int();
  if (json.is_double()) return json.as_double();
  if (json.is_string()) return arena.copy(json.as_string());
  return {};
}

bool equals(const data::Value& value, const Json& expected) {
  if (const auto* flag = std::get_if<bool>(&value)) return expected.is_bool() && expected.as_bool() == *flag;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return expected.is_number() && expected.as_int() == *whole;
  if (const auto* number = std::get_if<double>(&value)) {
    return expected.is_number() && std::abs(expected.as_double() - *number) <= 1e-6 * std::max(1.0, std::abs(*number));
  }
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    return expected.is_string() && expected.as_string() == *text;
  }
  return expected.is_null();
}

std::string show(const data::Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* number = std::get_if<double>(&value)) return std::to_string(*number);
  if (const auto* text = std::get_if<std::string_view>(&value)) return std::string(*text);
  return "null";
}

void fill(data::Document& document, const Json& item, Bench& bench) {
  std::string text;
  for (auto left = item["repeat"].as_int(1); left > 0; --left) text += item["text"].as_string();
  document.text = bench.batch.arena.copy(text);
  document.media_type = bench.batch.arena.copy(item.contains("media_type") ? item["media_type"].as_string()
                                                                           : "text/plain");
  document.url = bench.batch.arena.copy(item["url"].as_string());
  const auto& conversation = item["conversation"];
  document.conversation = bench.batch.arena.copy(conversation.is_object() ? conversation.dump()
                                                                          : conversation.as_string());
  document.metadata = bench.batch.arena.copy(item["metadata"].is_object() ? item["metadata"].dump() : "");
  for (const auto& [name, value] : item["columns_in"].members()) {
    auto* cell = bench.cell(document, name);
    REQUIRE_MESSAGE(cell != nullptr, "no input column ", name);
    *cell = to_value(value, bench.batch.arena);
  }
}

void check_columns(data::Document& document, const Json& expected, Bench& bench) {
  for (const auto& [name, value] : expected.members()) {
    const auto* cell = bench.cell(document, name);
    REQUIRE_MESSAGE(cell != nullptr, "no column ", name);
    CHECK_MESSAGE(equals(*cell, value), name, " = ", show(*cell), ", expected ", value.dump());
  }
}

void check_kept(const data::Document& document, const Json& item) {
  if (item.contains("expect_text")) CHECK(document.text == item["expect_text"].as_string());
  if (item.contains("expect_media_type")) CHECK(document.media_type == item["expect_media_type"].as_string());
  if (!item.contains("tokens")) return;
  auto tokens = Json::array();
  for (const auto token : document.tokens) tokens.push(token);
  CHECK(tokens.dump() == item["tokens"].dump());
}

void run_single(const Operator& op, const Json& item, std::set<std::string, std::less<>>& reasons_hit) {
  Bench bench(op, 1, item["options"]["annotate"].as_bool());
  auto& document = bench.batch.documents.front();
  fill(document, item, bench);
  const auto verdict = op.apply(document, *bench.scratch);
  const bool kept = verdict.outcome == Outcome::kept;
  CHECK_MESSAGE(kept == item["keep"].as_bool(true), "verdict: ", verdict.reason, " ", verdict.message);
  if (item.contains("reason")) CHECK(verdict.reason == item["reason"].as_string());
  if (verdict.outcome == Outcome::quarantined) CHECK_FALSE(verdict.message.empty());
  if (kept) check_kept(document, item);
  check_columns(document, item["columns"], bench);
  if (!kept) reasons_hit.emplace(verdict.reason);
}

/// What joins documents to clusters: for each key in order, the documents that have it.
using Owners = std::map<std::vector<Hash128>, std::vector<std::size_t>>;

/// Which survive when documents that share a key, directly or over others, become one: the first or the last.
std::vector<bool> ends_of_clusters(const Owners& owners, std::size_t count, bool keeps_first) {
  std::vector<std::size_t> parent(count);
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  const auto root = [&parent](std::size_t at) {
    while (parent[at] != at) at = parent[at];
    return at;
  };
  for (const auto& [key, documents] : owners) {
    for (const auto document : documents) {
      const auto [low, high] = std::minmax({root(documents[0]), root(document)});
      parent[keeps_first ? high : low] = keeps_first ? low : high;
    }
  }
  std::vector<bool> kept(count);
  for (std::size_t i = 0; i < count; ++i) kept[i] = parent[i] == i;
  return kept;
}

/// Which survive when neighbours among the documents with a key are joined, key by key, the smaller cluster taking the
/// name of the larger (of equal ones, that of the earlier neighbour).
std::vector<bool> names_of_clusters(const Owners& owners, std::size_t count) {
  std::vector<std::size_t> name(count);
  std::iota(name.begin(), name.end(), std::size_t{0});
  for (const auto& [key, documents] : owners) {
    for (std::size_t i = 1; i < documents.size(); ++i) {
      auto winner = name[documents[i - 1]];
      auto loser = name[documents[i]];
      if (std::ranges::count(name, winner) < std::ranges::count(name, loser)) std::swap(winner, loser);
      std::ranges::replace(name, loser, winner);
    }
  }
  std::vector<bool> kept(count);
  for (std::size_t i = 0; i < count; ++i) kept[i] = name[i] == i;
  return kept;
}

/// Which documents survive an operator that compares them.
std::vector<bool> survivors(const GlobalOperator& op, const Json& item) {
  const auto& texts = item["documents"].items();
  Bench bench(op, texts.size());
  Owners owners;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto& document = bench.batch.documents[i];
    fill(document, texts[i].is_object() ? texts[i] : Json::object({{"text", texts[i]}}), bench);
    std::vector<Hash128> values;
    op.keys(document, *bench.scratch, values);
    const auto width = static_cast<std::ptrdiff_t>(op.key_values());
    for (auto at = values.begin(); at != values.end(); at += width) owners[{at, at + width}].push_back(i);
  }
  if (op.key_values() > 1) return names_of_clusters(owners, texts.size());
  return ends_of_clusters(owners, texts.size(), op.keeps_first());
}

void run_global(const GlobalOperator& op, const Json& item, std::set<std::string, std::less<>>& reasons_hit) {
  const auto kept = survivors(op, item);
  const auto& expected = item["keep"].items();
  REQUIRE(kept.size() == expected.size());
  for (std::size_t i = 0; i < kept.size(); ++i) {
    CHECK_MESSAGE(kept[i] == expected[i].as_bool(), "document ", i);
    if (!kept[i]) reasons_hit.emplace(op.duplicate_reason());
  }
}

void run_case(const CatalogEntry& entry, const Json& item, std::set<std::string, std::less<>>& reasons_hit) {
  const auto made = make_operator(entry, item["options"]);
  if (item.contains("error")) {
    REQUIRE_FALSE(made.ok());
    CHECK(to_string(made.error().code) == item["error"].as_string());
    return;
  }
  const auto message = made ? std::string() : made.error().message;
  REQUIRE_MESSAGE(made.ok(), message);
  const auto& op = **made;
  if (entry.spec->kind != Kind::global) return run_single(op, item, reasons_hit);
  const auto* global = dynamic_cast<const GlobalOperator*>(&op);
  REQUIRE(global != nullptr);
  run_global(*global, item, reasons_hit);
}

}  // namespace

TEST_CASE("each operator has cases and each case file has an operator") {
  const auto files = case_files();
  for (const auto& entry : catalog()) CHECK_MESSAGE(files.contains(std::string(entry.spec->name)), entry.spec->name);
  for (const auto& [name, path] : files) CHECK_MESSAGE(find_operator(name) != nullptr, path.string());
}

TEST_CASE("the catalog is sorted by name") {
  CHECK(std::ranges::is_sorted(catalog(), {}, [](const CatalogEntry& entry) { return entry.spec->name; }));
}

TEST_CASE("cases of the operators") {
  for (const auto& [name, path] : case_files()) {
    const auto* entry = find_operator(name);
    if (entry == nullptr) continue;  // The test above names it.
    std::set<std::string, std::less<>> reasons_hit;
    for (const auto& item : read_cases(path)) {
      CAPTURE(name);
      CAPTURE(item["case"].as_string());
      REQUIRE(item["case"].is_string());
      run_case(*entry, item, reasons_hit);
    }
    for (const auto reason : entry->spec->reasons) {
      CHECK_MESSAGE(reasons_hit.contains(reason), name, ": no case hits ", reason);
    }
    for (const auto& reason : reasons_hit) {
      CHECK_MESSAGE(std::ranges::find(entry->spec->reasons, reason) != entry->spec->reasons.end(), name, " gave ",
                    reason);
    }
  }
}

}  // namespace gristmill::ops
