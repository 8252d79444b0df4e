// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/datasets.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gristmill/base/clock.h"
#include "gristmill/formats/dataset_file.h"
#include "gristmill/io/file.h"
#include "gristmill/io/object_path.h"
#include "gristmill/platform/document_counts.h"
#include "gristmill/platform/release.h"
#include "gristmill/platform/run.h"
#include "gristmill/store/catalog.h"
#include "gristmill/store/scan.h"

namespace gristmill::platform {
namespace {

constexpr std::size_t batch_bytes = std::size_t{1} << 20;

Json bytes_of(const store::Snapshot& snapshot) {
  const auto bytes = snapshot.count("total-files-size");
  return bytes ? Json(*bytes) : Json();
}

Json version_json(const store::Table& table, const store::Snapshot& snapshot, DocumentCounts& counts) {
  auto releases = Json::array();
  auto branches = Json::array();
  for (const auto& reference : table.metadata().references()) {
    if (reference.snapshot_id != snapshot.id || reference.name == store::main_branch) continue;
    (reference.is_tag ? releases : branches).push(reference.name);
  }
  auto json = Json::object({{"version", snapshot.id},
                            {"ordinal", fmt::format("v{}", snapshot.sequence_number)},
                            {"timestamp", iso8601(snapshot.timestamp_ms)},
                            {"operation", snapshot.note("operation")},
                            {"run_id", nullptr},
                            {"documents", counts.of(snapshot)},
                            {"bytes", bytes_of(snapshot)},
                            {"releases", std::move(releases)},
                            {"branches", std::move(branches)}});
  if (!snapshot.note("gristmill.run-id").empty()) json.set("run_id", snapshot.note("gristmill.run-id"));
  if (!snapshot.note("gristmill.ingestion-id").empty())
    json.set("ingestion_id", snapshot.note("gristmill.ingestion-id"));
  for (const auto* key : {"fingerprint", "tokens", "content-digest"}) {
    const auto value = snapshot.note(fmt::format("gristmill.{}", key));
    if (!value.empty()) json.set(key, value);
  }
  return json;
}

data::ColumnType type_of(const std::string& iceberg_type) {
  if (iceberg_type == "boolean") return data::ColumnType::boolean;
  if (iceberg_type == "long" || iceberg_type == "int") return data::ColumnType::int64;
  if (iceberg_type == "double" || iceberg_type == "float") return data::ColumnType::float64;
  return data::ColumnType::string;
}

Json value_json(const data::Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* text = std::get_if<std::string_view>(&value)) return *text;
  return nullptr;
}

Json document_json(const data::Document& document, const std::vector<data::Column>& columns) {
  const auto text_or_null = [](std::string_view text) { return text.empty() ? Json() : Json(text); };
  auto json = Json::object({{"id", document.id.hex()},
                            {"ingestion_id", text_or_null(document.ingestion_id)},
                            {"origin_uri", text_or_null(document.origin_uri)},
                            {"origin_offset", document.origin_offset},
                            {"url", text_or_null(document.url)},
                            {"media_type", text_or_null(document.media_type)},
                            {"text", document.text},
                            {"content_digest", xxh3_128(document.text).hex()},
                            {"conversation", text_or_null(document.conversation)},
                            {"metadata", text_or_null(document.metadata)}});
  for (std::size_t i = 0; i < columns.size(); ++i) json.set(columns[i].name, value_json(document.columns[i]));
  return json;
}

Status export_parquet(const store::Table& table, const store::Snapshot& snapshot,
                      const std::vector<data::Column>& columns, const std::string& path, std::int64_t& documents) {
  GRISTMILL_TRY(auto writer, formats::create_dataset_file(path, columns, {}));
  auto copied = for_each_document(table, snapshot, columns, [&](const data::Document& document) -> Result<bool> {
    GRISTMILL_RETURN_IF_ERROR(writer->write(document));
    return true;
  });
  if (!copied) return copied;
  GRISTMILL_TRY(const auto written, writer->close());
  documents = written.documents;
  return {};
}

Status export_jsonl(const store::Table& table, const store::Snapshot& snapshot,
                    const std::vector<data::Column>& columns, const std::string& path, std::int64_t& documents) {
  GRISTMILL_TRY(auto writer, io::FileWriter::create(path));
  auto copied = for_each_document(table, snapshot, columns, [&](const data::Document& document) -> Result<bool> {
    GRISTMILL_RETURN_IF_ERROR(writer->write(document_json(document, columns).dump() + "\n"));
    ++documents;
    return true;
  });
  return copied ? writer->publish() : copied;
}

}  // namespace

Status for_each_document(const store::Table& table, const store::Snapshot& snapshot,
                         const std::vector<data::Column>& columns, const DocumentUse& use) {
  GRISTMILL_TRY(const auto files, scan_in_order(table, snapshot));
  GRISTMILL_TRY(auto opener, VersionFiles::of(table, snapshot));
  data::Batch batch;
  for (const auto& file : files) {
    GRISTMILL_TRY(const auto piece, opener.piece(file));
    GRISTMILL_TRY(const auto reader, formats::open_dataset_file(piece, columns, batch_bytes));
    while (true) {
      batch.clear();
      GRISTMILL_TRY(const bool more, reader->read(batch));
      if (!more) break;
      for (const auto& document : batch.documents) {
        GRISTMILL_TRY(const bool goes_on, use(document));
        if (!goes_on) return {};
      }
    }
  }
  return {};
}

Result<std::pair<store::Table, store::Snapshot>> select_version(const Workspace& workspace,
                                                                const std::string& selector) {
  const auto sign = selector.find('@');
  store::Catalog catalog(workspace.database());
  GRISTMILL_TRY(const auto name, store::TableName::parse(selector.substr(0, sign)));
  auto table = store::Table::load(catalog, name);
  if (!table) {
    if (table.error().code != ErrorCode::not_found) return std::move(table).error();
    GRISTMILL_TRY(const auto tables, catalog.list_tables());
    std::string known;
    for (const auto& other : tables) known += (known.empty() ? "" : ", ") + other.text();
    return not_found(
        fmt::format("no dataset '{}'; {}", name.text(),
                    known.empty() ? "there are none yet: `gristmill ingest` makes one" : "there are: " + known));
  }
  auto version = sign == std::string::npos ? std::string() : selector.substr(sign + 1);
  if (!version.empty() && !table->has_version(version)) {
    GRISTMILL_TRY(const auto pinned, pinned_version(workspace, version, name.text()));
    if (pinned) {
      const auto release = std::exchange(version, std::to_string(*pinned));
      if (!table->has_version(version))
        return not_found(fmt::format("version {} of {}, which release '{}' pins, is gone: another program expired it",
                                     version, name.text(), release));
    }
  }
  GRISTMILL_TRY(auto snapshot, table->resolve_version(version));
  return std::pair(*std::move(table), std::move(snapshot));
}

Result<std::vector<data::Column>> operator_columns(const store::Table& table, const store::Snapshot& snapshot) {
  const auto origin = formats::table_columns({});
  GRISTMILL_TRY(const auto columns, table.columns_at(snapshot));
  std::vector<data::Column> result;
  for (const auto& column : columns) {
    const bool is_origin = std::ranges::find(origin, column.name, &formats::TableColumn::name) != origin.end();
    if (!is_origin) result.push_back({column.name, type_of(column.type), column.field_id});
  }
  return result;
}

Status check_document_columns(const std::string& dataset, const std::vector<formats::TableColumn>& planned) {
  const auto origin = formats::table_columns({});
  for (std::size_t i = 0; i < origin.size(); ++i) {
    if (planned[i].field_id == origin[i].field_id) continue;
    return invalid_argument(fmt::format(
        "dataset {}: another program made it, or renamed its column {}: documents do not fit into it. Choose another "
        "output",
        dataset, origin[i].name));
  }
  return {};
}

void explain_columns(std::vector<formats::TableColumn>& columns, const std::map<std::string, std::string>& meanings) {
  for (auto& column : columns) {
    const auto known = meanings.find(column.name);
    if (column.doc.empty() && known != meanings.end()) column.doc = known->second;
  }
}

Result<store::Table> open_or_create(const Workspace& workspace, const std::string& dataset,
                                    const std::vector<formats::TableColumn>& columns) {
  store::Catalog catalog(workspace.database());
  GRISTMILL_TRY(const auto name, store::TableName::parse(dataset));
  auto table = store::Table::load(catalog, name);
  if (table || table.error().code != ErrorCode::not_found) return table;
  const auto note = [&](meta::Transaction& transaction, std::int64_t) {
    return audit(transaction, "dataset.create", dataset, Json::object());
  };
  table = store::Table::create(catalog, name, columns, workspace.table_folder(dataset), note);
  // Another process may have made it in between.
  if (!table && table.error().code == ErrorCode::already_exists) return store::Table::load(catalog, name);
  return table;
}

Result<std::vector<store::ScanFile>> scan_in_order(const store::Table& table, const store::Snapshot& snapshot) {
  GRISTMILL_TRY(auto files, table.scan(snapshot));
  std::ranges::sort(files, [](const store::ScanFile& a, const store::ScanFile& b) {
    return std::tie(a.sequence_number, a.path) < std::tie(b.sequence_number, b.path);
  });
  return files;
}

Status check_data_file(const store::ScanFile& file) {
  if (io::is_object(file.path) || file.bytes <= 0) return {};
  GRISTMILL_TRY(const auto bytes, io::find_file(file.path));
  if (bytes && *bytes == static_cast<std::uint64_t>(file.bytes)) return {};
  return corrupt_data(fmt::format(
      "data file {} {}: restore it from a copy, or roll back to a version without it; if its version has "
      "just expired, read a newer one",
      file.path,
      bytes ? fmt::format("has {} bytes, its manifest says {}", *bytes, file.bytes) : std::string("is missing")));
}

Result<VersionFiles> VersionFiles::of(const store::Table& table, const store::Snapshot& snapshot) {
  GRISTMILL_TRY(auto columns, table.columns_at(snapshot));
  return VersionFiles(table, std::make_shared<const std::vector<formats::TableColumn>>(std::move(columns)));
}

Result<formats::DatasetPiece> VersionFiles::piece(const store::ScanFile& file) {
  GRISTMILL_RETURN_IF_ERROR(check_data_file(file));
  GRISTMILL_TRY(auto deleted, deletes_.of(file));
  formats::TableView view{columns_, std::move(deleted), store::constants_of(*metadata_, file)};
  return formats::DatasetPiece{.path = file.path, .view = std::make_shared<const formats::TableView>(std::move(view))};
}

Result<Json> list_datasets(const Workspace& workspace) {
  store::Catalog catalog(workspace.database());
  GRISTMILL_TRY(const auto names, catalog.list_tables());
  auto list = Json::array();
  for (const auto& name : names) {
    auto item = Json::object({{"name", name.text()},
                              {"current_version", nullptr},
                              {"versions", 0},
                              {"documents", 0},
                              {"bytes", 0},
                              {"updated_at", nullptr}});
    const auto table = store::Table::load(catalog, name);
    if (!table && table.error().code == ErrorCode::not_found) continue;  // Dropped in between.
    if (!table && table.error().code != ErrorCode::corrupt_data) return table.error();
    if (!table) {
      list.push(std::move(item.set("error", table.error().message)));
      continue;
    }
    item.set("versions", table->snapshots().size());
    if (const auto* snapshot = table->metadata().current_snapshot()) {
      item.set("current_version", snapshot->id)
          .set("documents", DocumentCounts(*table).of(*snapshot))
          .set("bytes", bytes_of(*snapshot))
          .set("updated_at", iso8601(snapshot->timestamp_ms));
    }
    list.push(std::move(item));
  }
  return list;
}

Result<Json> show_dataset(const Workspace& workspace, const std::string& selector) {
  GRISTMILL_TRY(const auto chosen, select_version(workspace, selector));
  const auto& [table, snapshot] = chosen;
  DocumentCounts counts(table);
  auto versions = Json::array();
  for (const auto& version : table.snapshots()) versions.push(version_json(table, version, counts));
  GRISTMILL_TRY(auto schema, dataset_schema(workspace, selector));
  return Json::object({{"name", table.name().text()},
                       {"location", table.metadata().location()},
                       {"metadata_location", table.metadata_location()},
                       {"current_version", table.metadata().current_snapshot_id()},
                       {"selected_version", snapshot.id},
                       {"documents", counts.of(snapshot)},
                       {"bytes", bytes_of(snapshot)},
                       {"versions", std::move(versions)},
                       {"schema", std::move(schema)}});
}

Result<Json> dataset_schema(const Workspace& workspace, const std::string& selector) {
  GRISTMILL_TRY(const auto chosen, select_version(workspace, selector));
  GRISTMILL_TRY(const auto columns, chosen.first.columns_at(chosen.second));
  auto schema = Json::array();
  for (const auto& column : columns) {
    schema.push(Json::object({{"id", column.field_id},
                              {"name", column.name},
                              {"type", column.type},
                              {"required", column.required},
                              {"doc", column.doc}}));
  }
  return schema;
}

Status dataset_head(const Workspace& workspace, const std::string& selector, std::int64_t count,
                    const DocumentSink& sink) {
  GRISTMILL_TRY(const auto chosen, select_version(workspace, selector));
  GRISTMILL_TRY(const auto columns, operator_columns(chosen.first, chosen.second));
  if (count <= 0) return {};
  return for_each_document(chosen.first, chosen.second, columns, [&](const data::Document& document) -> Result<bool> {
    GRISTMILL_RETURN_IF_ERROR(sink(document_json(document, columns)));
    return --count > 0;
  });
}

Result<Json> rollback_dataset(const Workspace& workspace, const std::string& selector) {
  if (selector.find('@') == std::string::npos) return invalid_argument("say which version to go back to: NAME@VERSION");
  GRISTMILL_TRY(auto chosen, select_version(workspace, selector));
  auto& [table, snapshot] = chosen;
  const auto before = table.metadata().current_snapshot_id();
  GRISTMILL_RETURN_IF_ERROR(table.rollback(snapshot.id, [&](meta::Transaction& transaction, std::int64_t) {
    return audit(transaction, "dataset.rollback", table.name().text(),
                 Json::object({{"from", before}, {"to", snapshot.id}}));
  }));
  return Json::object({{"dataset", table.name().text()}, {"from", before}, {"current_version", snapshot.id}});
}

Result<Json> create_branch(const Workspace& workspace, const std::string& selector, const std::string& branch) {
  GRISTMILL_RETURN_IF_ERROR(check_reference_name("branch", branch));
  GRISTMILL_TRY(auto chosen, select_version(workspace, selector));
  auto& [table, snapshot] = chosen;
  const auto details = Json::object({{"branch", branch}, {"version", snapshot.id}});
  const auto note = [&](meta::Transaction& transaction, std::int64_t) {
    return audit(transaction, "dataset.branch", table.name().text(), details);
  };
  GRISTMILL_RETURN_IF_ERROR(table.create_branch(branch, snapshot.id, note));
  return Json::object({{"dataset", table.name().text()}, {"branch", branch}, {"version", snapshot.id}});
}

Result<Json> remove_branch(const Workspace& workspace, const std::string& dataset, const std::string& branch) {
  GRISTMILL_TRY(auto chosen, select_version(workspace, dataset + "@" + branch));
  auto& [table, snapshot] = chosen;
  const auto note = [&](meta::Transaction& transaction, std::int64_t) {
    return audit(transaction, "dataset.branch.remove", table.name().text(), Json::object({{"branch", branch}}));
  };
  GRISTMILL_RETURN_IF_ERROR(table.remove_branch(branch, note));
  return Json::object({{"dataset", table.name().text()}, {"removed", branch}, {"version", snapshot.id}});
}

Result<Json> publish_branch(const Workspace& workspace, const std::string& selector, bool with_alerts) {
  const auto sign = selector.find('@');
  if (sign == std::string::npos) return invalid_argument("say which branch to publish: NAME@BRANCH");
  const auto branch = selector.substr(sign + 1);
  GRISTMILL_TRY(auto chosen, select_version(workspace, selector));
  auto& [table, head] = chosen;
  const std::string run_id(head.note("gristmill.run-id"));
  if (!run_id.empty() && !with_alerts) {
    GRISTMILL_TRY(const auto run, show_run(workspace, run_id));
    if (run["status"].as_string() == "alerts")
      return Error{ErrorCode::check_failed,
                   fmt::format("{} was written by {}, which ended with alerts: {}; look at its report, then publish "
                               "--with-alerts or remove the branch",
                               selector, run_id, run["alerts"].dump())};
  }
  const auto before = table.metadata().current_snapshot_id();
  const auto note = [&](meta::Transaction& transaction, std::int64_t version) {
    return audit(transaction, "dataset.publish", table.name().text(),
                 Json::object({{"branch", branch}, {"from", before}, {"to", version}}));
  };
  GRISTMILL_RETURN_IF_ERROR(table.publish_branch(branch, head.id, note));
  return Json::object({{"dataset", table.name().text()},
                       {"branch", branch},
                       {"from", before == 0 ? Json() : Json(before)},
                       {"current_version", head.id}});
}

Result<Json> export_dataset(const Workspace& workspace, const std::string& selector, const std::string& path) {
  GRISTMILL_TRY(const auto chosen, select_version(workspace, selector));
  const auto& [table, snapshot] = chosen;
  GRISTMILL_TRY(const auto columns, operator_columns(table, snapshot));
  std::int64_t documents = 0;
  Status status;
  if (path.ends_with(".parquet")) {
    status = export_parquet(table, snapshot, columns, path, documents);
  } else if (path.ends_with(".jsonl")) {
    status = export_jsonl(table, snapshot, columns, path, documents);
  } else {
    status = invalid_argument(fmt::format("'{}': the ending decides the format: .jsonl or .parquet", path));
  }
  if (!status) return std::move(status).error();
  GRISTMILL_TRY(const auto bytes, io::file_size(path));
  return Json::object({{"dataset", table.name().text()},
                       {"version", snapshot.id},
                       {"path", path},
                       {"documents", documents},
                       {"bytes", bytes}});
}

}  // namespace gristmill::platform
