// SPDX-License-Identifier: Apache-2.0
#include "gristmill/observe/report_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "gristmill/observe/charts.h"
#include "gristmill/observe/html.h"

namespace gristmill::observe {
namespace {

constexpr std::size_t examples_max = 3;
constexpr std::size_t example_characters = 260;
constexpr std::size_t quarantine_rows_max = 200;

using Counts = std::vector<std::pair<std::string, std::int64_t>>;

/// {"reason": n} by falling count; a bare number, as some callers give, counts under no reason.
Counts sorted_counts(const Json& reasons) {
  Counts counts;
  for (const auto& [reason, count] : reasons.members()) {
    if (count.as_int() > 0) counts.emplace_back(reason, count.as_int());
  }
  if (reasons.is_int() && reasons.as_int() > 0) counts.emplace_back("", reasons.as_int());
  std::ranges::stable_sort(counts, [](const auto& left, const auto& right) { return left.second > right.second; });
  return counts;
}

std::string place_html(const Json& example) {
  std::string place;
  const auto& uri = example["origin_uri"].as_string();
  if (!uri.empty()) place = excerpt_html(uri, 120);
  if (example["offset"].is_int())
    place += fmt::format("{}offset {}", place.empty() ? "" : " · ", example["offset"].as_int());
  const auto& id = example["id"].as_string();
  if (!id.empty()) place += fmt::format("{}document {}", place.empty() ? "" : " · ", excerpt_html(id, 40));
  return place;
}

void append_examples(std::string& out, const Json& examples) {
  std::size_t shown = 0;
  for (const auto& example : examples.items()) {
    if (shown++ == examples_max) break;
    const auto text = excerpt_html(example["text"].as_string(), example_characters);
    fmt::format_to(std::back_inserter(out),
                   "<div class=\"example\"><bdi dir=\"auto\">{}</bdi><span class=\"place mono\">{}</span></div>\n",
                   text.empty() ? "<span class=\"soft\">(no text)</span>" : "“" + text + "”", place_html(example));
  }
}

void append_reasons(std::string& out, const Counts& reasons, std::string_view kind, const Json& step) {
  for (const auto& [reason, count] : reasons) {
    fmt::format_to(std::back_inserter(out), "<div class=\"reason{}\"><b>{}</b> {} <span class=\"soft\">{}</span>\n",
                   kind == "quarantined" ? " quarantined" : "", with_commas(count),
                   reason.empty() ? std::string(kind) : escape_html(reason),
                   kind == "quarantined" ? "quarantined" : percent(static_cast<double>(count), step["in"].as_double()));
    append_examples(out, step["examples"][reason]);
    out += "</div>\n";
  }
}

void append_step(std::string& out, const Json& step, double whole) {
  const auto dropped = total(step["dropped"]);
  const auto quarantined = total(step["quarantined"]);
  const auto merged = total(step["merged"]);
  const auto created = total(step["created"]);
  const auto kept = step["out"].as_int();
  const auto segments = Json::object(
      {{"kept", kept}, {"dropped", dropped}, {"merged", merged}, {"quarantined", quarantined}});
  const auto name = escape_html(step["name"].as_string());
  std::string detail = fmt::format("{} in, <b>{} out</b>", with_commas(step["in"].as_int()), with_commas(kept));
  for (const auto& [word, count] :
       {std::pair("dropped", dropped), {"merged", merged}, {"quarantined", quarantined}, {"created", created}}) {
    if (count > 0) detail += fmt::format(", {} {}", with_commas(count), word);
  }
  fmt::format_to(std::back_inserter(out),
                 "<section class=\"step\"><div class=\"line\"><h3>{}</h3><span class=\"soft\">{}</span></div>{}\n",
                 name, detail,
                 segments_html(fmt::format("{}: {} kept", step["name"].as_string(), kept), segments, whole));
  append_reasons(out, sorted_counts(step["dropped"]), "dropped", step);
  append_reasons(out, sorted_counts(step["quarantined"]), "quarantined", step);
  out += "</section>\n";
}

}  // namespace

std::string steps_html(const Json& run) {
  const auto& steps = run["operators"].items();
  if (steps.empty()) return "";
  // One scale for all bars: the most documents that any step had before it.
  double whole = run["documents"]["in"].as_double();
  for (const auto& step : steps)
    whole = std::max(whole, step["in"].as_double() + static_cast<double>(total(step["created"])));
  std::string out =
      "<h2>What each step kept and dropped</h2>\n<p class=\"legend\"><span><i class=\"kept\"></i>goes on</span>"
      "<span><i class=\"dropped\"></i>dropped, with reason</span><span><i class=\"merged\"></i>merged</span>"
      "<span><i class=\"quarantined\"></i>quarantined</span></p>\n";
  for (const auto& step : steps) append_step(out, step, whole);
  return out;
}

std::string quarantine_html(const Json& run) {
  const auto& rows = run["quarantine"].items();
  const auto count = run["documents"]["quarantined"].as_int();
  std::string out = "<h2>Quarantine</h2>\n";
  if (rows.empty()) {
    return out + (count > 0 ? fmt::format("<p>{} documents; the run document names none.</p>\n", with_commas(count))
                            : "<p class=\"soft\">Nothing: every document could be handled.</p>\n");
  }
  out +=
      "<p class=\"soft\">Kept whole with the reason and the place; nothing is skipped in silence.</p>\n"
      "<div class=\"wide\"><table><thead><tr><th>Reason</th><th class=\"num\">Count</th><th>What was wrong</th>"
      "<th>Where</th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < std::min(rows.size(), quarantine_rows_max); ++i) {
    const auto& row = rows[i];
    const auto& step = row["operator"].as_string();
    fmt::format_to(std::back_inserter(out),
                   "<tr><td class=\"code mono\">{}{}</td><td class=\"num\">{}</td><td class=\"text\">{}</td>"
                   "<td class=\"text mono\">{}</td></tr>\n",
                   escape_html(row["reason"].as_string()),
                   step.empty() ? "" : "<br><span class=\"soft\">" + escape_html(step) + "</span>",
                   with_commas(row["count"].as_int(1)), excerpt_html(row["message"].as_string(), 300), place_html(row));
  }
  out += "</tbody></table></div>\n";
  if (rows.size() > quarantine_rows_max)
    out += fmt::format("<p class=\"soft\">and {} more rows</p>\n",
                       with_commas(static_cast<std::int64_t>(rows.size() - quarantine_rows_max)));
  return out;
}

}  // namespace gristmill::observe
