// SPDX-License-Identifier: Apache-2.0
// Extracts pages with extract.html, for bench/quality/extraction.py.
//   extract_pages OPTIONS_JSON [LIST] > results
// Each line of LIST (default: standard input) is the path of an HTML file (UTF-8, uncompressed). Each output line is
// {"text", "verdict"}; the last one is {"pages", "bytes", "cpu_seconds"}, where only the operator itself is timed, best
// of `repeat` runs (option of this program inside OPTIONS_JSON, default 1).
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "gristmill/ops/operator.h"
#include "html_pages.h"

namespace {

using namespace gristmill;

double extract_all(const ops::Operator& op, std::vector<Page>& pages) {
  const auto scratch = op.make_scratch();
  data::Batch batch;
  scratch->arena = &batch.arena;
  const auto columns = op.spec().columns_out.size();
  for (std::size_t i = 0; i < columns; ++i) scratch->columns_out.push_back(static_cast<std::uint16_t>(i));
  double seconds = 0;
  for (auto& page : pages) {
    data::Document document;
    document.text = page.html;
    document.media_type = "text/html";
    document.columns = batch.allocate_cells(columns);
    const double start = thread_cpu_seconds();
    const auto verdict = op.apply(document, *scratch);
    seconds += thread_cpu_seconds() - start;
    const bool is_kept = verdict.outcome == ops::Outcome::kept;
    page.text = is_kept ? document.text : std::string_view();
    page.verdict = is_kept ? "kept" : verdict.reason;
    batch.clear();
  }
  return seconds;
}

}  // namespace

int main(int argc, char** argv) {
  auto given = Json::parse(argc > 1 ? argv[1] : "{}");
  if (!given) return fmt::print(stderr, "{}\n", given.error().message), 1;
  const auto repeats = (*given)["repeat"].as_int(1);
  given->erase("repeat");
  const auto* entry = ops::find_operator("extract.html");
  auto options = ops::resolve_options(*entry->spec, *given);
  if (!options) return fmt::print(stderr, "{}\n", options.error().message), 1;
  const auto op = entry->make(*options);
  if (!op) return fmt::print(stderr, "{}\n", op.error().message), 1;
  auto pages = read_pages(argc > 2 ? argv[2] : "/dev/stdin");
  double best = 1e300;
  for (std::int64_t run = 0; run < repeats; ++run) best = std::min(best, extract_all(**op, pages));
  std::size_t bytes = 0;
  for (const auto& page : pages) {
    bytes += page.html.size();
    fmt::print("{}\n", Json::object({{"text", page.text}, {"verdict", page.verdict}}).dump());
  }
  fmt::print("{}\n", Json::object({{"pages", pages.size()}, {"bytes", bytes}, {"cpu_seconds", best}}).dump());
  return 0;
}
