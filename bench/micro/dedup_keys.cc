// SPDX-License-Identifier: Apache-2.0
// Prints the keys that an operator comparing documents gives to each, or times it.
//
//   dedup_keys OPERATOR OPTIONS [--bench REPEATS] < documents.jsonl
//   dedup_keys OPERATOR OPTIONS --once documents.jsonl
//
// OPTIONS is a JSON object of parameters. A document is {"text": ...}; its line of output is a list of keys in hex.
// With --bench only the median CPU seconds and MB/s of text are printed, on stderr; with --once the CPU seconds of one
// pass and what went through, as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "gristmill/ops/operator.h"

namespace {

using namespace gristmill;

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

Result<std::unique_ptr<ops::Operator>> make(std::string_view name, std::string_view given) {
  const auto* entry = ops::find_operator(name);
  if (entry == nullptr || entry->spec->kind != ops::Kind::global) {
    return invalid_argument(fmt::format("{} is not an operator that compares documents", name));
  }
  GRISTMILL_TRY(const auto json, Json::parse(given));
  GRISTMILL_TRY(const auto options, ops::resolve_options(*entry->spec, json));
  return entry->make(options);
}

void print_keys(const std::vector<Hash128>& values, std::size_t values_a_key) {
  auto line = Json::array();
  for (std::size_t at = 0; at < values.size(); at += values_a_key) {
    std::string key;
    for (std::size_t i = 0; i < values_a_key; ++i) key += values[at + i].hex();
    line.push(key);
  }
  fmt::print("{}\n", line.dump());
}

Result<std::vector<std::string>> read_texts(std::FILE* file) {
  std::string input;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (const auto count = std::fread(buffer.data(), 1, buffer.size(), file)) input.append(buffer.data(), count);
  std::vector<std::string> texts;
  for (std::string_view rest = input; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    GRISTMILL_TRY(const auto json, Json::parse(line));
    texts.push_back(json["text"].as_string());
  }
  return texts;
}

/// CPU seconds that the keys of all texts take.
double pass(const ops::GlobalOperator& op, const std::vector<std::string>& texts, bool prints) {
  const auto scratch = op.make_scratch();
  const double start = cpu_seconds();
  for (const auto& text : texts) {
    data::Document document;
    document.text = text;
    std::vector<Hash128> keys;
    op.keys(document, *scratch, keys);
    if (prints) print_keys(keys, op.key_values());
  }
  return cpu_seconds() - start;
}

Status run(std::string_view name, std::string_view given, std::string_view mode, const char* argument) {
  GRISTMILL_TRY(const auto op, make(name, given));
  const auto& global = dynamic_cast<const ops::GlobalOperator&>(*op);
  std::FILE* const file = mode == "--once" ? std::fopen(argument, "rb") : stdin;
  if (file == nullptr) return invalid_argument(fmt::format("cannot read {}", argument));
  GRISTMILL_TRY(const auto texts, read_texts(file));
  std::size_t bytes = 0;
  for (const auto& text : texts) bytes += text.size();
  if (mode == "--once") {
    fmt::print("{{\"cpu_seconds\": {:.4f}, \"bytes\": {}, \"documents\": {}}}\n", pass(global, texts, false), bytes,
               texts.size());
    return {};
  }
  const bool is_bench = mode == "--bench";
  std::vector<double> seconds;
  const auto repeats = is_bench ? std::max(1, std::atoi(argument)) : 1;
  for (int repeat = 0; repeat < repeats; ++repeat) seconds.push_back(pass(global, texts, !is_bench));
  std::ranges::sort(seconds);
  const double median = seconds[seconds.size() / 2];
  if (is_bench) {
    const double megabytes = static_cast<double>(bytes) / 1e6;
    fmt::print(stderr, "{}: {} documents, {:.2f} MB, {:.4f} CPU s, {:.1f} MB/s\n", name, texts.size(), megabytes,
               median, megabytes / median);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: dedup_keys OPERATOR OPTIONS [--bench REPEATS | --once FILE] < documents.jsonl\n");
    return 2;
  }
  const auto status = run(argv[1], argv[2], argc > 4 ? argv[3] : "", argc > 4 ? argv[4] : "");
  if (status) return 0;
  fmt::print(stderr, "dedup_keys: {}\n", status.error().message);
  return 1;
}
