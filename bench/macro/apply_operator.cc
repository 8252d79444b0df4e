// SPDX-License-Identifier: Apache-2.0
// Applies a chain of operators to JSON lines, without engine or storage: for parity scripts and operator benchmarks.
//
//   apply_operator STEPS [--bench [REPEATS]] < documents.jsonl > verdicts.jsonl
//
// STEPS is what `steps` of a pipeline file holds, as JSON:
//   ["normalize.unicode", {"filter.language": {"keep": ["en"]}}]
// A document is {"text": ..., "media_type"?: ..., "url"?: ..., "columns"?: {...}}. Its line of output is
// {"keep", "operator"?, "reason"?, "message"?, "annotated"?, "text", "columns"}; `text` only when an operator changed
// it, `annotated` the reasons of filters with `annotate: true`. With --bench nothing is written but, on stderr, the
// median CPU seconds and MB/s (of text that came in) of each step.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/io/file.h"
#include "gristmill/ops/operator.h"
#include "gristmill/ops/shared_words.h"

namespace {

using namespace gristmill;

constexpr std::size_t batch_documents = 256;

struct Step {
  std::string name;
  std::unique_ptr<ops::Operator> op;
  std::unique_ptr<ops::Scratch> scratch;
  bool annotates = false;
  std::vector<double> seconds;  ///< CPU time of each repeat.
  std::size_t bytes = 0;        ///< Text that came in, one repeat.
  std::size_t documents = 0;
};

struct Chain {
  std::vector<Step> steps;
  std::vector<std::string> columns;
  std::unique_ptr<ops::SharedWords> shared_words = std::make_unique<ops::SharedWords>();

  std::uint16_t slot(std::string_view name) {
    const auto found = std::ranges::find(columns, name);
    const auto at = found - columns.begin();
    if (found == columns.end()) columns.emplace_back(name);
    return static_cast<std::uint16_t>(at);
  }
};

struct Outcome {
  std::size_t step = std::numeric_limits<std::size_t>::max();
  ops::Verdict verdict;
  bool text_changed = false;
  std::vector<std::string_view> reasons;  ///< Of the filters that annotate.
};

Result<Step> make_step(const Json& given, Chain& chain) {
  const bool is_map = given.is_object() && given.size() == 1;
  if (!given.is_string() && !is_map) return invalid_argument("a step is \"name\" or {\"name\": {parameters}}");
  Step step;
  step.name = is_map ? given.members()[0].first : given.as_string();
  const auto* entry = ops::find_operator(step.name);
  if (entry == nullptr) return not_found("no operator named " + step.name);
  if (entry->spec->kind == ops::Kind::global) return invalid_argument(step.name + " needs the engine");
  GRISTMILL_TRY(auto options, ops::resolve_options(*entry->spec, is_map ? given.members()[0].second : Json()));
  for (const auto& option : entry->spec->options) {
    if (option.type != ops::OptionType::file || options.string(option.name).empty()) continue;
    GRISTMILL_TRY(auto bytes, io::read_file(options.string(option.name)));
    options.set_file(option.name, std::make_shared<const std::string>(std::move(bytes)));
  }
  step.annotates = options.boolean("annotate");
  GRISTMILL_TRY(step.op, entry->make(options));
  step.scratch = step.op->make_scratch();
  for (const auto& column : step.op->spec().columns_in) step.scratch->columns_in.push_back(chain.slot(column.name));
  for (const auto& column : step.op->spec().columns_out) step.scratch->columns_out.push_back(chain.slot(column.name));
  if (step.annotates) {
    for (const auto& column : step.op->spec().annotation_columns)
      step.scratch->annotation_columns.push_back(chain.slot(column.name));
  }
  step.scratch->shared_words = chain.shared_words.get();
  return step;
}

Result<Chain> make_chain(const char* text) {
  GRISTMILL_TRY(const auto steps, Json::parse(text));
  Chain chain;
  for (const auto& given : steps.items()) {
    GRISTMILL_TRY(auto step, make_step(given, chain));
    chain.steps.push_back(std::move(step));
  }
  return chain;
}

data::Value to_value(const Json& json) {
  if (json.is_bool()) return json.as_bool();
  if (json.is_int()) return json.as_int();
  if (json.is_double()) return json.as_double();
  if (json.is_string()) return std::string_view(json.as_string());
  return {};
}

Json to_json(const data::Value& value) {
  return std::visit(
      [](const auto& held) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          return {};
        } else {
          return held;
        }
      },
      value);
}

void fill(const std::vector<Json>& lines, std::size_t from, const Chain& chain, data::Batch& batch) {
  batch.clear();
  batch.documents.resize(std::min(batch_documents, lines.size() - from));
  for (std::size_t i = 0; i < batch.documents.size(); ++i) {
    const auto& line = lines[from + i];
    auto& document = batch.documents[i];
    document.columns = batch.allocate_cells(chain.columns.size());
    document.text = line["text"].as_string();
    document.url = line["url"].as_string();
    document.media_type = line.contains("media_type") ? line["media_type"].as_string() : std::string_view("text/plain");
    for (std::size_t slot = 0; slot < chain.columns.size(); ++slot)
      document.columns[slot] = to_value(line["columns"][chain.columns[slot]]);
  }
}

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// Runs one batch through all steps, each step over the whole batch so that its time can be taken.
std::vector<Outcome> apply(Chain& chain, data::Batch& batch, bool counts) {
  chain.shared_words->clear();
  std::vector<Outcome> outcomes(batch.documents.size());
  for (std::size_t at = 0; at < chain.steps.size(); ++at) {
    auto& step = chain.steps[at];
    step.scratch->arena = &batch.arena;
    const double start = cpu_seconds();
    for (std::size_t i = 0; i < batch.documents.size(); ++i) {
      auto& outcome = outcomes[i];
      if (outcome.verdict.outcome != ops::Outcome::kept) continue;
      const auto before = batch.documents[i].text;
      step.documents += counts;
      step.bytes += counts ? before.size() : 0;
      outcome.verdict = step.op->apply(batch.documents[i], *step.scratch);
      outcome.step = at;
      if (step.annotates && outcome.verdict.outcome == ops::Outcome::dropped) {
        outcome.reasons.push_back(outcome.verdict.reason);
        outcome.verdict = ops::Verdict::kept();
      }
      const auto after = batch.documents[i].text;
      outcome.text_changed |= before.data() != after.data() || before.size() != after.size();
    }
    step.seconds.back() += cpu_seconds() - start;
  }
  return outcomes;
}

void write(const Chain& chain, const data::Batch& batch, const std::vector<Outcome>& outcomes) {
  std::string out;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto& outcome = outcomes[i];
    auto line = Json::object({{"keep", outcome.verdict.outcome == ops::Outcome::kept}});
    if (outcome.verdict.outcome != ops::Outcome::kept) {
      line.set("operator", chain.steps[outcome.step].name).set("reason", outcome.verdict.reason);
      if (!outcome.verdict.message.empty()) line.set("message", outcome.verdict.message);
    }
    if (!outcome.reasons.empty()) {
      auto annotated = Json::array();
      for (const auto reason : outcome.reasons) annotated.push(reason);
      line.set("annotated", std::move(annotated));
    }
    if (outcome.text_changed) line.set("text", batch.documents[i].text);
    auto columns = Json::object();
    for (std::size_t slot = 0; slot < chain.columns.size(); ++slot)
      columns.set(chain.columns[slot], to_json(batch.documents[i].columns[slot]));
    out += line.set("columns", std::move(columns)).dump() + "\n";
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
}

void report(Chain& chain) {
  for (auto& step : chain.steps) {
    std::ranges::sort(step.seconds);
    const double median = step.seconds[step.seconds.size() / 2];
    const double megabytes = static_cast<double>(step.bytes) / 1e6;
    fmt::print(stderr, "{}: {} documents, {:.2f} MB, {:.4f} CPU s, {:.1f} MB/s, {:.0f} documents/s\n", step.name,
               step.documents, megabytes, median, megabytes / median, static_cast<double>(step.documents) / median);
  }
}

Result<std::vector<Json>> read_lines() {
  std::string input;
  std::vector<char> buffer(std::size_t{1} << 20);
  while (const auto count = std::fread(buffer.data(), 1, buffer.size(), stdin)) input.append(buffer.data(), count);
  std::vector<Json> lines;
  std::string_view rest = input;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    if (line.empty()) continue;
    GRISTMILL_TRY(auto json, Json::parse(line));
    lines.push_back(std::move(json));
  }
  return lines;
}

Status run(const char* steps, int repeats) {
  GRISTMILL_TRY(auto chain, make_chain(steps));
  GRISTMILL_TRY(const auto lines, read_lines());
  data::Batch batch;
  for (int repeat = 0; repeat < std::max(repeats, 1); ++repeat) {
    for (auto& step : chain.steps) step.seconds.push_back(0);
    for (std::size_t from = 0; from < lines.size(); from += batch_documents) {
      fill(lines, from, chain, batch);
      const auto outcomes = apply(chain, batch, repeat == 0);
      if (repeats == 0) write(chain, batch, outcomes);
    }
  }
  if (repeats > 0) report(chain);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: apply_operator STEPS [--bench [REPEATS]] < documents.jsonl\n");
    return 2;
  }
  const bool is_bench = argc > 2 && std::string_view(argv[2]) == "--bench";
  const auto status = run(argv[1], is_bench ? (argc > 3 ? std::max(1, std::atoi(argv[3])) : 5) : 0);
  if (status) return 0;
  fmt::print(stderr, "{}\n", status.error().message);
  return 1;
}
