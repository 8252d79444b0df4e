// SPDX-License-Identifier: Apache-2.0
#include "gristmill/observe/report_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "gristmill/observe/charts.h"
#include "gristmill/observe/html.h"

namespace gristmill::observe {
namespace {

constexpr std::size_t examples_max = 3;
constexpr std::size_t example_characters = 260;
constexpr std::size_t quarantine_groups_max = 100;
constexpr std::size_t quarantine_examples_max = 5;

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

/// What the step counted beside documents: a row a subject, a column an action.
void append_tally(std::string& out, const Json& tally) {
  std::set<std::string> actions;
  for (const auto& [subject, counts] : tally.members()) {
    for (const auto& [action, count] : counts.members()) actions.insert(action);
  }
  if (actions.empty()) return;
  out += "<div class=\"wide\"><table><thead><tr><th>Found</th>";
  for (const auto& action : actions)
    fmt::format_to(std::back_inserter(out), "<th class=\"num\">{}</th>", escape_html(action));
  out += "</tr></thead><tbody>\n";
  for (const auto& [subject, counts] : tally.members()) {
    fmt::format_to(std::back_inserter(out), "<tr><td class=\"mono\">{}</td>", escape_html(subject));
    for (const auto& action : actions) {
      const auto count = counts[action].as_int();
      fmt::format_to(std::back_inserter(out), "<td class=\"num\">{}</td>", count > 0 ? with_commas(count) : "");
    }
    out += "</tr>\n";
  }
  out += "</tbody></table></div>\n";
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
  // With reasons where the run document has them; else the bare number.
  const auto& reasons = step["quarantine_reasons"];
  append_reasons(out, sorted_counts(reasons.is_object() ? reasons : step["quarantined"]), "quarantined", step);
  append_tally(out, step["tally"]);
  out += "</section>\n";
}

/// Quarantine notes with the same operator and reason.
struct QuarantineGroup {
  std::string reason;
  std::string operator_name;
  std::int64_t count = 0;
  std::vector<const Json*> examples;
};

std::vector<QuarantineGroup> grouped_quarantine(const Json& notes) {
  std::map<std::pair<std::string, std::string>, QuarantineGroup> by_reason;
  for (const auto& note : notes.items()) {
    const auto& reason = note["reason"].as_string();
    const auto& operator_name = note["operator"].as_string();
    auto& group = by_reason[{reason, operator_name}];
    group.reason = reason;
    group.operator_name = operator_name;
    group.count += note["count"].as_int(1);
    if (group.examples.size() < quarantine_examples_max) group.examples.push_back(&note);
  }
  std::vector<QuarantineGroup> groups;
  for (auto& [key, group] : by_reason) groups.push_back(std::move(group));
  std::ranges::stable_sort(groups, [](const auto& left, const auto& right) { return left.count > right.count; });
  return groups;
}

/// The reason and its number once, then a row for each example.
void append_group(std::string& out, const QuarantineGroup& group) {
  const auto rows = group.examples.size();
  for (std::size_t i = 0; i < rows; ++i) {
    out += "<tr>";
    if (i == 0) {
      fmt::format_to(
          std::back_inserter(out),
          "<td class=\"code mono\" rowspan=\"{0}\">{1}{2}</td><td class=\"num\" rowspan=\"{0}\">{3}</td>", rows,
          escape_html(group.reason),
          group.operator_name.empty() ? "" : "<br><span class=\"soft\">" + escape_html(group.operator_name) + "</span>",
          with_commas(group.count));
    }
    const auto& note = *group.examples[i];
    fmt::format_to(std::back_inserter(out), "<td class=\"text\">{}</td><td class=\"text mono\">{}</td></tr>\n",
                   excerpt_html(note["message"].as_string(), 300), place_html(note));
  }
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
  const auto& reader = run["reader"];
  if (total(reader["quarantined"]) + total(reader["dropped"]) > 0) append_step(out, reader, whole);
  for (const auto& step : steps) append_step(out, step, whole);
  return out;
}

std::string quarantine_html(const Json& run) {
  const auto groups = grouped_quarantine(run["quarantine"]);
  const auto count = run["documents"]["quarantined"].as_int();
  std::string out = "<h2>Quarantine</h2>\n";
  if (groups.empty()) {
    return out + (count > 0 ? fmt::format("<p>{} documents; the run document names none.</p>\n", with_commas(count))
                            : "<p class=\"soft\">Nothing: every document could be handled.</p>\n");
  }
  out +=
      "<p class=\"soft\">Kept whole with the reason and the place; nothing is skipped in silence.</p>\n"
      "<div class=\"wide\"><table><thead><tr><th>Reason</th><th class=\"num\">Count</th><th>What was wrong</th>"
      "<th>Where</th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < std::min(groups.size(), quarantine_groups_max); ++i) append_group(out, groups[i]);
  out += "</tbody></table></div>\n";
  if (groups.size() > quarantine_groups_max)
    out += fmt::format("<p class=\"soft\">and {} more reasons</p>\n", groups.size() - quarantine_groups_max);
  return out;
}

}  // namespace gristmill::observe
