// SPDX-License-Identifier: Apache-2.0
#include "gristmill/observe/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "gristmill/observe/charts.h"
#include "gristmill/observe/html.h"
#include "gristmill/observe/report_steps.h"
#include "gristmill/observe/report_style.h"

namespace gristmill::observe {
namespace {

std::string figure(std::string_view name, std::string_view value, std::string_view note = "") {
  return fmt::format("<div><dt>{}</dt><dd>{}{}</dd></div>\n", name, value,
                     note.empty() ? "" : fmt::format("<small>{}</small>", note));
}

std::string counted(std::int64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", with_commas(count), thing, count == 1 ? "" : "s");
}

/// Shards come as a number, or as the list of them.
std::int64_t shard_count(const Json& tokens) {
  const auto& shards = tokens["shards"];
  return shards.is_array() ? static_cast<std::int64_t>(shards.size()) : shards.as_int();
}

std::string rate(double amount, double seconds) {
  if (!(seconds > 0)) return "–";
  const double value = amount / seconds;
  return value < 10 ? fmt::format("{:.1f}", value) : with_commas(static_cast<std::int64_t>(value + 0.5));
}

std::string head_html(const Json& run) {
  const auto& pipeline = run["pipeline"].as_string();
  const auto& status = run["status"].as_string();
  const bool is_good = status == "done" || status == "succeeded" || status == "completed";
  std::string out = fmt::format("<header><h1>{}</h1>{}</header>\n<p class=\"soft\">Run <span class=\"mono\">{}</span>",
                                pipeline.empty() ? "Run report" : escape_html(pipeline),
                                status.empty() ? ""
                                               : fmt::format("<span class=\"status {}\">{}</span>",
                                                             is_good ? "good" : "bad", escape_html(status)),
                                escape_html(run["run_id"].as_string()));
  const auto& started = run["started_at"].as_string();
  const auto& finished = run["finished_at"].as_string();
  if (!started.empty()) out += fmt::format(" · {}", escape_html(started));
  if (!finished.empty()) out += fmt::format(" to {}", escape_html(finished));
  out += "</p>\n";
  for (const auto& alert : run["alerts"].items())
    out += fmt::format("<p class=\"sum bad\"><b>Alert</b> {}</p>\n", excerpt_html(alert["message"].as_string(), 300));
  if (!run["error"].as_string().empty())
    out += fmt::format("<p class=\"sum bad\"><b>Failed</b> {}</p>\n", excerpt_html(run["error"].as_string(), 1000));
  return out;
}

std::string figures_html(const Json& run) {
  const auto& documents = run["documents"];
  const auto in = documents["in"].as_int();
  const auto kept = documents["out"].as_int();
  const double wall = run["wall_seconds"].as_double();
  std::string out = "<dl class=\"figures\">\n";
  if (documents.is_object()) {
    out += figure("Documents in", with_commas(in),
                  run["bytes"]["in"].is_number() ? human_bytes(run["bytes"]["in"].as_double()) : "");
    out += figure("Documents out", with_commas(kept),
                  percent(static_cast<double>(kept), static_cast<double>(in)) + " of those in");
  }
  if (run["tokens"]["tokens"].is_number()) {
    out += figure("Tokens", with_commas(run["tokens"]["tokens"].as_int()),
                  "in " + counted(shard_count(run["tokens"]), "shard"));
  }
  if (wall > 0) out += figure("Took", human_seconds(wall), rate(static_cast<double>(in), wall) + " documents/s");
  if (run["peak_memory_bytes"].is_number()) {
    const double limit = run["memory_limit_bytes"].as_double();
    out += figure("Peak memory", human_bytes(run["peak_memory_bytes"].as_double()),
                  limit > 0 ? "of " + human_bytes(limit) + " allowed" : "");
  }
  if (run["cost"]["amount"].is_number()) {
    out += figure("Cost", fmt::format("{:.3g}", run["cost"]["amount"].as_double()),
                  escape_html(run["cost"]["currency"].as_string()));
  }
  return out + "</dl>\n";
}

/// The conservation sum in words; the run that does not add up says so in red.
std::string sum_html(const Json& run) {
  const auto& documents = run["documents"];
  if (!documents.is_object()) return "";
  const auto count = [&documents](std::string_view name) { return total(documents[name]); };
  const auto before = count("in") + count("created");
  const auto after = count("out") + count("dropped") + count("merged") + count("quarantined");
  return fmt::format(
      "<h2>Every document is accounted for</h2>\n<p class=\"sum{}\">{} in + {} created = {} out + {} dropped + {} "
      "merged "
      "+ {} quarantined &nbsp; <b>{}</b></p>\n",
      before == after ? "" : " bad", with_commas(count("in")), with_commas(count("created")), with_commas(count("out")),
      with_commas(count("dropped")), with_commas(count("merged")), with_commas(count("quarantined")),
      before == after ? "✓ adds up" : fmt::format("✗ {} against {}", with_commas(before), with_commas(after)));
}

std::string size_cell(const Json& bytes) { return bytes.is_number() ? human_bytes(bytes.as_double()) : "–"; }

std::string count_cell(const Json& count) { return count.is_null() ? "–" : with_commas(total(count)); }

std::string inputs_html(const Json& run) {
  const auto& inputs = run["inputs"].items();
  const auto& ingestions = run["ingestions"].items();
  if (inputs.empty() && ingestions.empty()) return "";
  std::string out = "<h2>What went in</h2>\n";
  if (!inputs.empty()) {
    out +=
        "<div class=\"wide\"><table><thead><tr><th>Dataset</th><th>Version</th><th class=\"num\">Documents</th>"
        "<th class=\"num\">Bytes</th></tr></thead><tbody>\n";
    for (const auto& input : inputs) {
      const auto& version = input["version"];
      fmt::format_to(std::back_inserter(out),
                     "<tr><th scope=\"row\">{}</th><td class=\"mono\">{}</td><td class=\"num\">{}</td>"
                     "<td class=\"num\">{}</td></tr>\n",
                     escape_html(input["dataset"].as_string()),
                     escape_html(version.is_string() ? version.as_string() : version.dump()),
                     count_cell(input["documents"]), size_cell(input["bytes"]));
    }
    out += "</tbody></table></div>\n";
  }
  if (ingestions.empty()) return out;
  out +=
      "<div class=\"wide\"><table><thead><tr><th>Ingestion</th><th>Source</th><th>Licence</th><th "
      "class=\"num\">Files</th>"
      "<th class=\"num\">Bytes</th><th class=\"num\">Documents</th><th "
      "class=\"num\">Quarantined</th></tr></thead><tbody>\n";
  for (const auto& one : ingestions) {
    fmt::format_to(
        std::back_inserter(out),
        "<tr><td class=\"mono\">{}</td><td>{}</td><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td>"
        "<td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
        escape_html(one["ingestion_id"].as_string()), escape_html(one["source"].as_string()),
        escape_html(one["license"].as_string()), count_cell(one["files"]), size_cell(one["bytes"]),
        count_cell(one["documents"]), count_cell(one["quarantined"]));
  }
  return out + "</tbody></table></div>\n";
}

/// What a sentence says better than a chart: one number in all documents, or a value of its own in nearly each.
std::string plain_fact(const Json& values) {
  if (values.is_array()) {
    std::int64_t documents = 0;
    for (const auto& value : values.items()) documents += value["count"].as_int();
    const auto different = static_cast<std::int64_t>(values.items().size());
    return different > 10 && 2 * different > documents ? "a value of its own in most documents" : "";
  }
  const auto& buckets = values["buckets"].items();
  const bool is_zero = buckets.size() == 1 && buckets.front()["from"].as_double() == 0 &&
                       buckets.front()["to"].as_double() == 1 && buckets.front()["to"].is_int();
  return is_zero ? "zero in all documents" : "";
}

std::string distributions_html(const Json& run) {
  std::string charts;
  std::map<std::string, std::string> names_by_fact;
  for (const auto& [name, values] : run["distributions"].members()) {
    if (const auto fact = plain_fact(values); !fact.empty()) {
      auto& names = names_by_fact[fact];
      names += (names.empty() ? "" : ", ") + human_label(name);
      continue;
    }
    const auto chart = values.is_array() ? ranking_html(values) : histogram_svg(name, values["buckets"]);
    if (chart.empty()) continue;
    charts += fmt::format("<figure><figcaption>{} <small>{}</small></figcaption>{}</figure>\n", human_label(name),
                          values.is_array() ? "documents" : "documents per range", chart);
  }
  std::string facts;
  for (const auto& [fact, names] : names_by_fact) facts += fmt::format("<p>{}: {}.</p>\n", names, fact);
  if (charts.empty() && facts.empty()) return "";
  return "<h2>Distributions of what came out</h2>\n<div class=\"charts\">\n" + charts + "</div>\n" + facts;
}

std::string resource_facts(const Json& run) {
  std::string facts;
  const auto add = [&facts](const std::string& fact) { facts += (facts.empty() ? "" : " · ") + fact; };
  if (run["threads"].is_int()) add(counted(run["threads"].as_int(), "thread"));
  if (run["cpu_seconds"].is_number()) add(human_seconds(run["cpu_seconds"].as_double()) + " of CPU time");
  const double wall = run["wall_seconds"].as_double();
  if (wall > 0 && run["bytes"]["in"].is_number()) add(human_bytes(run["bytes"]["in"].as_double() / wall) + "/s read");
  if (run["bytes"]["out"].is_number()) add(human_bytes(run["bytes"]["out"].as_double()) + " written");
  if (run["resumed_tasks"].as_int() > 0)
    add(with_commas(run["resumed_tasks"].as_int()) + " tasks taken over from before");
  if (run["retries"].as_int() > 0) add(counted(run["retries"].as_int(), "repeated attempt"));
  return facts;
}

/// A step or another part of the run: what it took of the whole CPU time, and how fast it was.
std::string cost_row(const std::string& name, const Json& item, const Json& bytes, double cpu) {
  const double seconds = item["cpu_seconds"].as_double();
  return fmt::format(
      "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"grow\">{}</td>"
      "<td class=\"num\">{}</td><td class=\"num\">{}</td></tr>\n",
      escape_html(name), human_seconds(seconds), percent(seconds, cpu),
      segments_html("share", Json::object({{"kept", static_cast<std::int64_t>(seconds * 1e6)}}), cpu * 1e6),
      item["in"].is_number() ? rate(item["in"].as_double(), seconds) : "–",
      seconds > 0 && bytes.as_int() > 0 ? human_bytes(bytes.as_double() / seconds) : "–");
}

std::string resources_html(const Json& run) {
  const auto& steps = run["operators"].items();
  const auto facts = resource_facts(run);
  if (steps.empty() && facts.empty()) return "";
  std::string out = "<h2>Throughput and resources</h2>\n";
  if (!facts.empty()) out += "<p>" + facts + "</p>\n";
  const auto& parts = run["parts"].items();
  double cpu = 0;
  for (const auto* list : {&steps, &parts}) {
    for (const auto& item : *list) cpu += item["cpu_seconds"].as_double();
  }
  if (!(cpu > 0)) return out;
  out +=
      "<div class=\"wide\"><table><thead><tr><th>Step</th><th class=\"num\">CPU time</th><th class=\"num\">Share</th>"
      "<th></th><th class=\"num\">Documents per CPU second</th><th class=\"num\">Bytes per CPU "
      "second</th></tr></thead><tbody>\n";
  for (const auto& step : steps) out += cost_row(step["name"].as_string(), step, step["bytes_in"], cpu);
  for (const auto& part : parts) out += cost_row(part["name"].as_string(), part, part["bytes"], cpu);
  return out + "</tbody></table></div>\n";
}

std::string output_html(const Json& run) {
  const auto& output = run["output"];
  const auto& tokens = run["tokens"];
  std::string out;
  if (output.is_object()) {
    const auto& version = output["version"];
    out += fmt::format(
        "<p>Dataset <b>{}</b> version <span class=\"mono\">{}</span><br><span class=\"mono soft\">{}</span></p>\n",
        escape_html(output["dataset"].as_string()),
        escape_html(version.is_string() ? version.as_string() : version.dump()),
        escape_html(output["location"].as_string()));
  }
  if (tokens.is_object()) {
    out += fmt::format(
        "<p>Token shards <b>{}</b>: {} tokens of {} documents in {}, {}<br>"
        "<span class=\"soft\">tokenizer {}</span></p>\n",
        escape_html(tokens["dataset"].as_string()), count_cell(tokens["tokens"]), count_cell(tokens["documents"]),
        counted(shard_count(tokens), "shard"), size_cell(tokens["bytes"]),
        escape_html(tokens["tokenizer"].as_string()));
  }
  return out.empty() ? "" : "<h2>What came out</h2>\n" + out;
}

std::string versions_html(const Json& run) {
  std::string out = "<h2>To do the same again</h2>\n";
  if (!run["fingerprint"].as_string().empty()) {
    out += fmt::format(
        "<p>Fingerprint <span class=\"mono\">{}</span><br><span class=\"soft\">The same fingerprint on the same "
        "input gives the same bytes.</span></p>\n",
        escape_html(run["fingerprint"].as_string()));
  }
  const auto& steps = run["operators"].items();
  if (steps.empty()) return out;
  out +=
      "<div class=\"wide\"><table><thead><tr><th>Step</th><th "
      "class=\"num\">Version</th><th>Options</th></tr></thead><tbody>\n";
  for (const auto& step : steps) {
    fmt::format_to(std::back_inserter(out),
                   "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td><td class=\"text mono\">{}</td></tr>\n",
                   escape_html(step["name"].as_string()), count_cell(step["version"]),
                   step["options"].is_object() ? excerpt_html(step["options"].dump(), 1000) : "");
  }
  return out + "</tbody></table></div>\n";
}

}  // namespace

std::string render_report(const Json& run) {
  const auto& pipeline = run["pipeline"].as_string();
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{} · run {}</title>\n<style>{}</style>\n</head>\n<body>\n<main>\n",
      pipeline.empty() ? "Gristmill" : escape_html(pipeline), escape_html(run["run_id"].as_string()), report_style);
  for (const auto part : {head_html, figures_html, sum_html, output_html, inputs_html, steps_html, quarantine_html,
                          distributions_html, resources_html, versions_html}) {
    out += part(run);
  }
  fmt::format_to(std::back_inserter(out), "<footer>Made by Gristmill {}</footer>\n</main>\n</body>\n</html>\n",
                 escape_html(run["gristmill_version"].as_string()));
  return out;
}

}  // namespace gristmill::observe
