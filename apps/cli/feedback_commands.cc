// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "gristmill/platform/feedback.h"
#include "gristmill/platform/feedback_compaction.h"
#include "gristmill/platform/feedback_events.h"
#include "session.h"

namespace gristmill::cli {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// The next line without its end; nothing at the end of the file or after a signal.
std::optional<std::string> read_line(std::FILE* file) {
  std::string line;
  char* text = nullptr;
  std::size_t capacity = 0;
  const auto count = stop_requested ? -1 : ::getline(&text, &capacity, file);
  if (count > 0) line.assign(text, static_cast<std::size_t>(count));
  std::free(text);
  if (count <= 0) return {};
  if (line.ends_with('\n')) line.pop_back();
  return line;
}

Status print_line(const Json& json) {
  const auto text = json.dump() + "\n";
  const bool is_written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  return is_written ? Status() : Status(unavailable("standard output was closed"));
}

void add_add(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand(
      "add", "Store requests from a file, one JSON document a line, and tell of each once it is durable");
  command->footer(
      "Example: gristmill feedback add events.jsonl --json\nNot beside a server of the same workspace: that takes "
      "events at POST /api/v1/feedback.");
  auto path = std::make_shared<std::string>("-");
  command->add_option("file", *path, "JSON lines: events, lists of events or {\"events\": [...]}; - reads stdin");
  command->callback([&session, path] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      const File file(*path == "-" ? stdin : std::fopen(path->c_str(), "r"));
      if (!file) return errno_error("opening " + *path, errno);
      GRISTMILL_TRY(const auto totals, platform::add_feedback(
                                           workspace, session.idempotency_key, [&] { return read_line(file.get()); },
                                           [&](const Json& answer) -> Status {
                                             if (session.is_json) return print_line(answer);
                                             const auto& error = answer["error"];
                                             if (!error.is_null())
                                               fmt::print(stderr, "line {}: {}\n", answer["line"].as_int(),
                                                          error["message"].as_string());
                                             return {};
                                           }));
      if (!session.is_json) session.show(totals, fields);
      if (totals["refused"].as_int() > 0) session.exit_code = 4;
      return {};
    });
  });
}

void add_tail(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("tail", "The newest events of the log, one JSON document a line");
  command->footer("Example: gristmill feedback tail --follow --json");
  auto count = std::make_shared<std::size_t>(10);
  auto follows = std::make_shared<bool>(false);
  command->add_option("-n,--count", *count, "How many (default 10)")->check(CLI::Range(0, 1'000'000));
  command->add_flag("-f,--follow", *follows, "Go on with those that come, until interrupted");
  command->callback([&session, count, follows] {
    session.with_workspace([&](const platform::Workspace& workspace) {
      return platform::tail_feedback(
          workspace, *count, [follows] { return *follows && !stop_requested; },
          [&](const Json& event) -> Status {
            if (session.is_json) return print_line(event);
            fmt::print("{}  {}  {}\n", event["sequence"].as_int(), event["received_at"].as_string(),
                       event["event"].dump());
            std::fflush(stdout);
            return {};
          });
    });
  });
}

void add_compact(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("compact", "Move events from the log into the dataset, each exactly once");
  command->footer("Example: gristmill feedback compact");
  command->callback([&session] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto done, platform::compact_feedback(workspace, nullptr));
      session.show(done, [](const Json& json) {
        auto brief = json;
        brief.erase("damages");
        brief.erase("recovered");
        auto text = fields(brief);
        for (const auto& torn : json["recovered"].items()) text += "recovered: " + torn.as_string() + "\n";
        for (const auto& damage : json["damages"].items()) text += "damage:  " + damage.as_string() + "\n";
        return text;
      });
      if (done["damages"].size() > 0) session.exit_code = 4;
      return {};
    });
  });
}

}  // namespace

void add_feedback_commands(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("feedback", "Online feedback: conversations, ratings, corrections");
  command->require_subcommand(1);
  add_add(*command, session);
  add_tail(*command, session);
  add_compact(*command, session);
  auto* schema = command->add_subcommand("schema", "JSON Schemas of the events");
  schema->footer("Example: gristmill feedback schema > feedback.schema.json");
  schema->callback([] { fmt::print("{}\n", platform::feedback_schemas().dump(2)); });
}

}  // namespace gristmill::cli
