// SPDX-License-Identifier: Apache-2.0
// CPU time of each stage of extract.html with its default options, for bench/compare_extraction.py.
//   extract_stages LIST [REPEATS] > result
// Each line of LIST is the path of an HTML file (UTF-8, uncompressed). The result is {"pages", "bytes", "cpu_seconds",
// "parse", "cut", "decide", "write", "share"}: the thread's CPU clock is read between the stages of each page, and each
// stage's sum is the median of the repeats; "share" is the decision's part. "cpu_seconds" is the median of the operator
// itself, run in turn with the stages: the two must agree, and so must the texts.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "gristmill/kernels/html_tree.h"
#include "gristmill/ops/extract/blocks.h"
#include "gristmill/ops/extract/decide.h"
#include "gristmill/ops/extract/page_facts.h"
#include "gristmill/ops/extract/render.h"
#include "gristmill/ops/operator.h"
#include "html_pages.h"

namespace {

using namespace gristmill;
namespace extract = ops::extract;

enum Stage : std::size_t { parse, cut, decide, write };
constexpr std::array<const char*, 4> stage_names{"parse", "cut", "decide", "write"};
using Seconds = std::array<double, stage_names.size()>;

/// The whole operator on all pages.
double apply_all(const ops::Operator& op, std::vector<Page>& pages) {
  const auto scratch = op.make_scratch();
  data::Batch batch;
  scratch->arena = &batch.arena;
  const auto columns = op.spec().columns_out.size();
  for (std::size_t i = 0; i < columns; ++i) scratch->columns_out.push_back(static_cast<std::uint16_t>(i));
  const double start = thread_cpu_seconds();
  for (auto& page : pages) {
    data::Document document;
    document.text = page.html;
    document.media_type = "text/html";
    document.columns = batch.allocate_cells(columns);
    const bool is_kept = op.apply(document, *scratch).outcome == ops::Outcome::kept;
    page.text = is_kept ? document.text : std::string_view();
    batch.clear();
  }
  return thread_cpu_seconds() - start;
}

/// Its stages one by one. Ends the program when a text differs from the operator's.
Seconds run_stages(const std::vector<Page>& pages) {
  using extract::Fact;
  constexpr auto facts = extract::fact_bit(Fact::title) | extract::fact_bit(Fact::author) |
                         extract::fact_bit(Fact::date) | extract::fact_bit(Fact::canonical_url) |
                         extract::fact_bit(Fact::license_url);
  kernels::HtmlTree tree;
  extract::Page cut_page;
  extract::Rendering rendering;
  Seconds sums{};
  for (const auto& page : pages) {
    std::array<double, stage_names.size() + 1> at{thread_cpu_seconds()};
    tree.parse(page.html, {});
    at[1] = thread_cpu_seconds();
    extract::cut_into_blocks(tree, false, cut_page);
    at[2] = thread_cpu_seconds();
    const auto chosen = extract::decide(tree, cut_page, extract::Profile::balanced);
    at[3] = thread_cpu_seconds();
    extract::render_text(tree, cut_page, chosen, {}, rendering);
    const auto found = extract::read_page_facts(tree, facts);
    at[4] = thread_cpu_seconds();
    for (std::size_t stage = 0; stage < sums.size(); ++stage) sums[stage] += at[stage + 1] - at[stage];
    if (rendering.text == page.text) continue;
    fmt::print(stderr, "the stages and the operator disagree on a page titled '{}'\n", found[Fact::title]);
    std::exit(1);
  }
  return sums;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  const auto* entry = ops::find_operator("extract.html");
  const auto options = ops::resolve_options(*entry->spec, Json::object({}));
  if (argc < 2 || !options) return fmt::print(stderr, "usage: extract_stages LIST [REPEATS]\n"), 1;
  const auto op = entry->make(*options);
  if (!op) return fmt::print(stderr, "{}\n", op.error().message), 1;
  auto pages = read_pages(argv[1]);
  const int repeats = argc > 2 ? std::max(1, std::atoi(argv[2])) : 5;
  std::vector<double> whole;
  std::array<std::vector<double>, stage_names.size()> stages;
  for (int run = 0; run < repeats; ++run) {
    whole.push_back(apply_all(**op, pages));
    const auto sums = run_stages(pages);
    for (std::size_t stage = 0; stage < sums.size(); ++stage) stages[stage].push_back(sums[stage]);
  }
  Seconds medians{};
  std::ranges::transform(stages, medians.begin(), median);
  const auto bytes = std::transform_reduce(pages.begin(), pages.end(), std::size_t{0}, std::plus(),
                                           [](const Page& page) { return page.html.size(); });
  auto result = Json::object({{"pages", pages.size()}, {"bytes", bytes}, {"cpu_seconds", median(whole)}});
  for (std::size_t stage = 0; stage < medians.size(); ++stage) result.set(stage_names[stage], medians[stage]);
  result.set("share", medians[decide] / std::accumulate(medians.begin(), medians.end(), 0.0));
  fmt::print("{}\n", result.dump());
  return 0;
}
