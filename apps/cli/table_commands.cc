// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "gristmill/base/units.h"
#include "gristmill/platform/compaction.h"
#include "gristmill/platform/dataset_files.h"
#include "gristmill/platform/datasets.h"
#include "session.h"

namespace gristmill::cli {
namespace {

using Kind = store::SchemaChange::Kind;

/// An option that may be given several times and adds changes of one kind, COLUMN or COLUMN:VALUE.
void add_schema_option(CLI::App& command, std::vector<store::SchemaChange>& changes, const char* name, Kind kind,
                       const char* help) {
  command.add_option_function<std::vector<std::string>>(
      name,
      [&changes, kind, name, help](const std::vector<std::string>& texts) {
        for (const auto& text : texts) {
          const auto colon = text.find(':');
          if (kind != Kind::drop && colon == std::string::npos)
            throw CLI::ValidationError(name, fmt::format("'{}': write {}", text, help));
          const bool is_whole = kind == Kind::drop || colon == std::string::npos;
          changes.push_back({.kind = kind,
                             .column = is_whole ? text : text.substr(0, colon),
                             .value = is_whole ? std::string() : text.substr(colon + 1)});
        }
      },
      help);
}

void add_schema(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("schema", "The columns of a version, or changes of a dataset's columns");
  command->footer(
      "Example: gristmill dataset schema clean/web@v1\n"
      "Example: gristmill dataset schema clean/web --add crawled:date --rename score:quality --move crawled:after:url\n"
      "No data is rewritten. Drops come first, then renames, widenings, additions and moves.");
  auto name = std::make_shared<std::string>();
  auto changes = std::make_shared<std::vector<store::SchemaChange>>();
  command->add_option("name", *name, "NAME, or to look at NAME@VERSION")->required();
  add_schema_option(
      *command, *changes, "--add", Kind::add,
      "COLUMN:TYPE, such as day:date, clicks:int or price:decimal(10,2); null in the rows that are there");
  add_schema_option(*command, *changes, "--rename", Kind::rename, "COLUMN:NEWNAME");
  add_schema_option(*command, *changes, "--drop", Kind::drop, "COLUMN; earlier versions keep it");
  add_schema_option(*command, *changes, "--move", Kind::move, "COLUMN:first, COLUMN:after:OTHER, COLUMN:before:OTHER");
  add_schema_option(*command, *changes, "--widen", Kind::widen,
                    "COLUMN:TYPE: int to long, float to double, decimal to more digits");
  command->callback([&session, name, changes] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      std::ranges::stable_sort(*changes, {}, &store::SchemaChange::kind);
      GRISTMILL_TRY(const auto schema, changes->empty() ? platform::dataset_schema(workspace, *name)
                                                        : platform::change_dataset_schema(workspace, *name, *changes));
      session.show(schema, schema_text);
      return {};
    });
  });
}

void add_files(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("files", "The data files of a version, or those that a condition leaves over");
  command->footer("Example: gristmill dataset files clean/web --where \"language = 'en' and quality > 0.9\"");
  auto name = std::make_shared<std::string>();
  auto where = std::make_shared<std::string>();
  command->add_option("name", *name, "NAME or NAME@VERSION")->required();
  command->add_option("--where", *where, "Only files that may hold such rows, by their partitions and bounds");
  command->callback([&session, name, where] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto files, platform::dataset_files(workspace, *name, *where));
      session.show(files, [](const Json& json) {
        std::vector<std::vector<std::string>> rows{{"FILE", "PARTITION", "DOCUMENTS", "BYTES", "DELETES"}};
        for (const auto& file : json.items())
          rows.push_back({file["path"].as_string(), plain(file["partition"]), plain(file["documents"]),
                          format_size(file["bytes"].as_double()), plain(file["delete_files"])});
        return table(rows);
      });
      return {};
    });
  });
}

void add_partition(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("partition", "Say by what the rows of new files are split");
  command->footer(
      "Example: gristmill dataset partition clean/web --by \"identity language,bucket(16,id)\"\n"
      "Files that are there stay as they are; `gristmill dataset compact` moves their rows.");
  auto name = std::make_shared<std::string>();
  auto by = std::make_shared<std::string>();
  command->add_option("name", *name, "NAME of the dataset")->required();
  command
      ->add_option("--by", *by,
                   "identity COLUMN, bucket(N,COLUMN), truncate(N,COLUMN), year(COLUMN), month(COLUMN), day(COLUMN), "
                   "hour(COLUMN), several with commas; none")
      ->required();
  command->callback([&session, name, by] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto done, platform::partition_dataset(workspace, *name, *by));
      session.show(done, [](const Json& json) {
        std::vector<std::vector<std::string>> rows{{"FIELD", "COLUMN", "TRANSFORM"}};
        for (const auto& field : json["fields"].items())
          rows.push_back({plain(field["name"]), plain(field["column"]), plain(field["transform"])});
        return json["fields"].size() == 0 ? "not partitioned\n" : table(rows);
      });
      return {};
    });
  });
}

void add_compact(CLI::App& parent, Session& session) {
  auto* command = parent.add_subcommand("compact", "Put small files together: a new version with the same rows");
  command->footer("Example: gristmill dataset compact raw/web --target-size 512MiB");
  auto request = std::make_shared<platform::CompactRequest>();
  command->add_option("name", request->selector, "NAME or NAME@BRANCH")->required();
  command
      ->add_option_function<std::string>(
          "--target-size",
          [request](const std::string& text) { request->target_bytes = static_cast<std::int64_t>(*parse_size(text)); },
          "Size of the files that are written (default 512MiB)")
      ->check([](const std::string& text) {
        const auto parsed = parse_size(text);
        if (!parsed) return parsed.error().message;
        return *parsed > 0 ? std::string() : std::string("must be more than nothing");
      });
  command->add_option("--sort-by", request->sort_by, "Columns by which rows are put in order")->delimiter(',');
  command->callback([&session, request] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto done, platform::compact_dataset(workspace, *request));
      session.show(done, [](const Json& json) {
        if (!json["changed"].as_bool()) return std::string("all files are good as they are\n");
        return fmt::format("files: {} rewritten as {}, {}; {} before, {} now; version {}\n",
                           plain(json["files"]["rewritten"]), plain(json["files"]["written"]),
                           format_size(json["bytes"]["rewritten"].as_double()), plain(json["files"]["before"]),
                           plain(json["files"]["after"]), json["version"].dump());
      });
      return {};
    });
  });
}

}  // namespace

void add_table_commands(CLI::App& dataset, Session& session) {
  add_schema(dataset, session);
  add_files(dataset, session);
  add_partition(dataset, session);
  add_compact(dataset, session);
}

}  // namespace gristmill::cli
