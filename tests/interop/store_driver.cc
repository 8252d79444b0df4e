// SPDX-License-Identifier: Apache-2.0
// Drives the table store from the interoperability tests: store_driver DATABASE WAREHOUSE COMMAND ARGUMENT...
// Each command prints JSON lines; a failure prints {"error", "message"} and answers 1.
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "gristmill/base/hash.h"
#include "gristmill/formats/dataset_file.h"
#include "gristmill/store/table.h"

using namespace gristmill;
using store::Catalog;
using store::CommitRequest;
using store::Snapshot;
using store::Table;
using store::TableName;

namespace {

using Arguments = std::vector<std::string>;

struct Session {
  std::unique_ptr<meta::Database> database;
  std::unique_ptr<Catalog> catalog;
  std::string warehouse;

  Result<Table> table(const std::string& name) const {
    GRISTMILL_TRY(const auto parsed, TableName::parse(name));
    return Table::load(*catalog, parsed);
  }
};

std::int64_t number(const std::string& text) {
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void print(const Json& json) {
  fmt::print("{}\n", json.dump());
  std::fflush(stdout);
}

Json to_json(const Snapshot& snapshot) {
  auto summary = Json::object();
  for (const auto& [key, value] : snapshot.summary) summary.set(key, value);
  return Json::object({{"id", snapshot.id},
                       {"parent", snapshot.parent_id},
                       {"sequence_number", snapshot.sequence_number},
                       {"timestamp_ms", snapshot.timestamp_ms},
                       {"schema_id", snapshot.schema_id},
                       {"summary", std::move(summary)}});
}

/// The operator columns among a table's columns.
std::vector<data::Column> operator_columns(const std::vector<formats::TableColumn>& columns) {
  static const std::map<std::string, data::ColumnType> types{
      {"boolean", data::ColumnType::boolean}, {"long", data::ColumnType::int64}, {"double", data::ColumnType::float64}};
  const auto origin = formats::table_columns({}).size();
  std::vector<data::Column> found;
  for (std::size_t i = origin; i < columns.size(); ++i) {
    const auto type = types.find(columns[i].type);
    found.push_back(
        {columns[i].name, type == types.end() ? data::ColumnType::string : type->second, columns[i].field_id});
  }
  return found;
}

/// Writes documents numbered from `first`: id and offset come from the number, every double column is a tenth of it.
Result<store::DataFile> write_file(const Table& table, std::int64_t first, std::int64_t count) {
  GRISTMILL_TRY(const auto columns, table.metadata().columns(table.metadata().current_schema_id()));
  const auto extra = operator_columns(columns);
  GRISTMILL_TRY(const auto folder, table.data_folder());
  GRISTMILL_TRY(auto writer,
                formats::create_dataset_file(fmt::format("{}/{}-{}.parquet", folder, first, store::new_uuid()), extra,
                                             formats::WriterOptions()));
  for (std::int64_t i = first; i < first + count; ++i) {
    const auto text = fmt::format("document {} \xC3\xA9", i);
    std::vector<data::Value> values;
    for (const auto& column : extra) {
      values.push_back(column.type == data::ColumnType::float64 ? data::Value(static_cast<double>(i) / 10)
                                                                : data::Value());
    }
    data::Document document{.id = {static_cast<std::uint64_t>(i), 0},
                            .ingestion_id = "ingestion-1",
                            .origin_uri = "file:///raw/a.jsonl",
                            .origin_offset = i,
                            .text = text,
                            .columns = values};
    GRISTMILL_RETURN_IF_ERROR(writer->write(document));
  }
  GRISTMILL_TRY(const auto written, writer->close());
  return store::data_file(written);
}

Status create(const Session& session, const Arguments& arguments) {
  GRISTMILL_TRY(const auto name, TableName::parse(arguments.at(0)));
  std::vector<data::Column> extra;
  if (arguments.size() > 1) extra.push_back({arguments[1], data::ColumnType::float64});
  GRISTMILL_TRY(const auto table, Table::create(*session.catalog, name, formats::table_columns(extra),
                                                session.warehouse + "/" + name.text()));
  print(Json::object({{"metadata_location", table.metadata_location()}}));
  return {};
}

/// NAME FIRST COUNT [KEY]
Status add(const Session& session, const Arguments& arguments, bool is_replacing) {
  GRISTMILL_TRY(auto table, session.table(arguments.at(0)));
  CommitRequest request;
  GRISTMILL_TRY(auto file, write_file(table, number(arguments.at(1)), number(arguments.at(2))));
  request.files.push_back(std::move(file));
  request.summary = {{"gristmill.run-id", "run-" + arguments.at(1)}};
  if (arguments.size() > 3) request.key = arguments[3];
  GRISTMILL_TRY(const auto snapshot, is_replacing ? table.replace(request) : table.append(request));
  print(to_json(snapshot));
  return {};
}

/// NAME COMMITS FIRST: one document each; prints the number of each once it is committed.
Status append_many(const Session& session, const Arguments& arguments) {
  GRISTMILL_TRY(auto table, session.table(arguments.at(0)));
  for (std::int64_t i = 0; i < number(arguments.at(1)); ++i) {
    const auto first = number(arguments.at(2)) + i;
    CommitRequest request{.files = {}, .summary = {}, .key = fmt::format("key-{}", first), .columns = {}, .also = {}};
    GRISTMILL_TRY(auto file, write_file(table, first, 1));
    request.files.push_back(std::move(file));
    GRISTMILL_TRY([[maybe_unused]] const auto snapshot, table.append(request));
    print(Json(first));
  }
  return {};
}

/// NAME ROLLBACK|TAG|UNTAG|COLUMN ...
Status change(const Session& session, const std::string& command, const Arguments& arguments) {
  GRISTMILL_TRY(auto table, session.table(arguments.at(0)));
  if (command == "untag") return table.remove_tag(arguments.at(1));
  if (command == "add-column") {
    GRISTMILL_TRY(
        const auto added,
        table.add_columns(
            {{.field_id = 0, .name = arguments.at(1), .type = arguments.at(2), .required = false, .doc = "added"}}));
    print(Json::object({{"field_id", added.at(0).field_id}}));
    return {};
  }
  GRISTMILL_TRY(const auto snapshot, table.resolve_version(arguments.back()));
  if (command == "tag") return table.set_tag(arguments.at(1), snapshot.id);
  return table.rollback(snapshot.id);
}

/// NAME [VERSION]
Status scan(const Session& session, const Arguments& arguments) {
  GRISTMILL_TRY(const auto table, session.table(arguments.at(0)));
  GRISTMILL_TRY(const auto snapshot, table.resolve_version(arguments.size() > 1 ? arguments[1] : ""));
  GRISTMILL_TRY(const auto files, table.scan(snapshot));
  GRISTMILL_TRY(const auto columns, table.columns_at(snapshot));
  Json::Array file_items;
  std::int64_t records = 0;
  for (const auto& file : files) {
    records += file.records;
    file_items.push_back(
        Json::object({{"path", file.path}, {"records", file.records}, {"sequence_number", file.sequence_number}}));
  }
  Json::Array column_items;
  for (const auto& column : columns) column_items.push_back(column.name);
  print(Json::object({{"snapshot", snapshot.id},
                      {"records", records},
                      {"files", std::move(file_items)},
                      {"columns", std::move(column_items)}}));
  return {};
}

Status list(const Session& session, const Arguments& arguments) {
  if (arguments.empty()) {
    GRISTMILL_TRY(const auto names, session.catalog->list_tables());
    for (const auto& name : names) print(Json(name.text()));
    return {};
  }
  GRISTMILL_TRY(const auto table, session.table(arguments[0]));
  for (const auto& snapshot : table.snapshots()) print(to_json(snapshot));
  return {};
}

Status run(const Arguments& arguments) {
  if (arguments.size() < 3) return invalid_argument("usage: store_driver DATABASE WAREHOUSE COMMAND ARGUMENT...");
  Session session;
  GRISTMILL_TRY(session.database, meta::open_sqlite(arguments[0]));
  session.catalog = std::make_unique<Catalog>(*session.database);
  session.warehouse = arguments[1];
  GRISTMILL_RETURN_IF_ERROR(session.catalog->create_tables());
  const auto& command = arguments[2];
  const Arguments rest(arguments.begin() + 3, arguments.end());
  if (command == "list") return list(session, rest);
  if (rest.empty()) return invalid_argument("a dataset name is missing");
  if (command == "create") return create(session, rest);
  if (command == "append" || command == "replace") return add(session, rest, command == "replace");
  if (command == "append-many") return append_many(session, rest);
  if (command == "scan") return scan(session, rest);
  return change(session, command, rest);
}

}  // namespace

int main(int count, char** values) {
  const auto status = run(Arguments(values + 1, values + count));
  if (status) return 0;
  print(Json::object({{"error", to_string(status.error().code)}, {"message", status.error().message}}));
  return 1;
}
