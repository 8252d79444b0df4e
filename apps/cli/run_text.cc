// SPDX-License-Identifier: Apache-2.0
#include "run_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "gristmill/base/units.h"
#include "session.h"

namespace gristmill::cli {
namespace {

/// What a step counted beside documents, a line a step: "redact.pii found: email 3 placeholder, phone 1 drop".
std::string tally_text(const Json& step) {
  std::string out;
  for (const auto& [subject, counts] : step["tally"].members()) {
    for (const auto& [action, count] : counts.members())
      out += fmt::format("{} {} {} {}", out.empty() ? "" : ",", subject, format_count(count.as_int()), action);
  }
  return out.empty() ? "" : fmt::format("{} found:{}\n", step["name"].as_string(), out);
}

/// Why documents were dropped: all reasons, or the most frequent of many.
std::string reasons_text(const Json& dropped) {
  constexpr std::size_t shown_max = 12;
  std::vector<std::pair<std::string, std::int64_t>> reasons;
  for (const auto& [reason, count] : dropped.members()) reasons.emplace_back(reason, count.as_int());
  const auto more = reasons.size() > shown_max ? reasons.size() - shown_max : 0;
  if (more > 0) {
    std::ranges::stable_sort(reasons, std::ranges::greater(), &std::pair<std::string, std::int64_t>::second);
    reasons.resize(shown_max);
  }
  std::string out;
  for (const auto& [reason, count] : reasons)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", reason, format_count(count));
  if (more > 0) out += fmt::format(", and {} more reasons", more);
  return out;
}

/// The first documents of a run that went to quarantine, with what was wrong; of a traceback its last line.
std::string quarantine_text(const std::vector<Json>& notes) {
  constexpr std::size_t shown_max = 3;
  std::string out;
  for (std::size_t i = 0; i < std::min(shown_max, notes.size()); ++i) {
    std::string_view message = notes[i]["message"].as_string();
    while (message.ends_with('\n')) message.remove_suffix(1);
    message.remove_prefix(message.rfind('\n') + 1);
    out += fmt::format("quarantined: {} at byte {}: {} ({})\n", notes[i]["origin_uri"].as_string(),
                       notes[i]["offset"].as_int(), message, notes[i]["reason"].as_string());
  }
  return out;
}

/// "documents: 9 in = 7 out + 2 dropped + 0 quarantined"; what was created or merged where there is some.
std::string sum_text(const Json& documents) {
  const auto term = [&](std::string_view before, const char* name) {
    const auto& count = documents[name];
    return count.is_int() && count.as_int() > 0 ? fmt::format("{}{} {}", before, plain(count), name) : std::string();
  };
  return fmt::format("documents: {} in{} = {} out + {} dropped{} + {} quarantined\n", plain(documents["in"]),
                     term(" + ", "created"), plain(documents["out"]), plain(documents["dropped"]),
                     term(" + ", "merged"), plain(documents["quarantined"]));
}

}  // namespace

std::string parts_text(const Json& record) {
  std::string out;
  for (const auto& part : record["parts"].items())
    out += fmt::format("{}{} {:.2f}", out.empty() ? "" : ", ", part["name"].as_string(),
                       part["cpu_seconds"].as_double());
  return out;
}

std::string one_line(std::string_view message) {
  std::string out;
  for (const auto byte : message) out += byte == '\n' ? ' ' : byte;
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string run_text(const Json& run) {
  const auto& documents = run["documents"];
  std::string out = fmt::format("{}  {}  {}\n", run["run_id"].as_string(), run["pipeline"].as_string(),
                                run["status"].as_string());
  if (run.contains("error")) out += fmt::format("error: {}\n", run["error"].as_string());
  if (run["status"].as_string() == "running")
    out += fmt::format("under way; `gristmill runs show {}` tells what came of it\n", run["run_id"].as_string());
  if (!documents.is_object()) return out;
  std::vector<std::vector<std::string>> rows{
      {"OPERATOR", "IN", "OUT", "DROPPED", "QUARANTINED", "CPU S", "MB/S", "WHY"}};
  for (const auto& item : run["operators"].items()) {
    std::int64_t dropped = 0;
    for (const auto& [reason, count] : item["dropped"].members()) dropped += count.as_int();
    const auto cpu = item["cpu_seconds"].as_double();
    rows.push_back({plain(item["name"]), plain(item["in"]), plain(item["out"]), format_count(dropped),
                    plain(item["quarantined"]), fmt::format("{:.2f}", cpu),
                    cpu > 0 ? fmt::format("{:.1f}", item["bytes_in"].as_double() / 1e6 / cpu) : "-",
                    reasons_text(item["dropped"])});
  }
  out += "\n" + table(rows) + "\n";
  for (const auto& item : run["operators"].items()) out += tally_text(item);
  out += sum_text(documents);
  out += fmt::format("output: {}@{} ({} of text)\n", run["output"]["dataset"].as_string(),
                     run["output"]["version"].dump(), format_size(run["bytes"]["out"].as_double()));
  if (run.contains("tokens")) {
    const auto shards = static_cast<std::int64_t>(run["tokens"]["shards"].size());
    out += fmt::format("tokens: {} in {}, {}\n", plain(run["tokens"]["tokens"]), counted(shards, "shard"),
                       run["tokens"]["dataset"].as_string());
  }
  out += fmt::format("resources: {:.1f} s, {:.1f} CPU s, {} peak memory, {}\n", run["wall_seconds"].as_double(),
                     run["cpu_seconds"].as_double(), format_size(run["peak_memory_bytes"].as_double()),
                     counted(run["threads"].as_int(), "thread"));
  if (const auto parts = parts_text(run); !parts.empty()) out += fmt::format("beside the operators: {} CPU s\n", parts);
  out += quarantine_text(run["quarantine"].items());
  for (const auto& alert : run["alerts"].items()) out += fmt::format("alert: {}\n", alert["message"].as_string());
  if (run.contains("report")) out += fmt::format("report: {}\n", run["report"].as_string());
  return out;
}

}  // namespace gristmill::cli
