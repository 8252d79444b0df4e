// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"
#include "gristmill/store/row_deletes.h"
#include "gristmill/store/table.h"

namespace gristmill::platform {

/// A table and one of its versions, from NAME or NAME@VERSION: a snapshot id, `v3`, a release name or a time.
Result<std::pair<store::Table, store::Snapshot>> select_version(const Workspace& workspace,
                                                                const std::string& selector);

/// The table of a dataset for a commit; made, with an audit entry, when there is none yet.
Result<store::Table> open_or_create(const Workspace& workspace, const std::string& dataset,
                                    const std::vector<formats::TableColumn>& columns);

/// Data files of a version in document order: by commit, then by name.
Result<std::vector<store::ScanFile>> scan_in_order(const store::Table& table, const store::Snapshot& snapshot);

/// Refuses a data file that is missing or not as long as its manifest says: a whole file of another table would read
/// well. An object store is not asked: that would cost a request a file, and nobody puts files in each other's place
/// there.
Status check_data_file(const store::ScanFile& file);

/// Opens the data files of a version in its columns, without the rows that are deleted. The table must outlive it.
class VersionFiles {
 public:
  static Result<VersionFiles> of(const store::Table& table, const store::Snapshot& snapshot);
  /// One file whole.
  Result<formats::DatasetPiece> piece(const store::ScanFile& file);

 private:
  using Columns = std::shared_ptr<const std::vector<formats::TableColumn>>;
  VersionFiles(const store::Table& table, Columns columns)
      : metadata_(&table.metadata()), deletes_(table), columns_(std::move(columns)) {}

  const store::TableMetadata* metadata_;
  store::RowDeletes deletes_;
  Columns columns_;
};

/// Gets one document, valid during the call; false stops.
using DocumentUse = std::function<Result<bool>(const data::Document&)>;
/// Reads all documents of a version in order, with these columns beside the origin columns.
Status for_each_document(const store::Table& table, const store::Snapshot& snapshot,
                         const std::vector<data::Column>& columns, const DocumentUse& use);

/// Operator columns of a version: everything beyond the origin columns.
Result<std::vector<data::Column>> operator_columns(const store::Table& table, const store::Snapshot& snapshot);

/// Fails when a table that another program made or changed gives the columns of every document, which come first, other
/// field ids than our files do.
Status check_document_columns(const std::string& dataset, const std::vector<formats::TableColumn>& planned);

/// Gives columns that say nothing of what they mean the words that are known for their name.
void explain_columns(std::vector<formats::TableColumn>& columns, const std::map<std::string, std::string>& meanings);

/// One object a dataset: name, current version, documents, bytes; `error` for one whose metadata is damaged.
Result<Json> list_datasets(const Workspace& workspace);
/// `dataset show --json` of cli.md; the versions are those of `dataset versions`.
Result<Json> show_dataset(const Workspace& workspace, const std::string& selector);
/// Columns of a version: field id, name, type, required, doc.
Result<Json> dataset_schema(const Workspace& workspace, const std::string& selector);

/// Changes the columns of a dataset in one step, which rewrites no data: drops, renames, widens, adds and moves in the
/// order given. Returns the columns as `dataset_schema` does.
Result<Json> change_dataset_schema(const Workspace& workspace, const std::string& dataset,
                                   const std::vector<store::SchemaChange>& changes);

/// Called for each document as a JSON object; returning an error stops.
using DocumentSink = std::function<Status(const Json& document)>;
/// The first `count` documents of a version in order, all columns.
Status dataset_head(const Workspace& workspace, const std::string& selector, std::int64_t count,
                    const DocumentSink& sink);

/// Makes an earlier version current again; nothing is lost.
Result<Json> rollback_dataset(const Workspace& workspace, const std::string& selector);

/// Makes a branch of a dataset that starts at a version, NAME or NAME@VERSION.
Result<Json> create_branch(const Workspace& workspace, const std::string& selector, const std::string& branch);
/// Forgets a branch; its versions stay until they expire.
Result<Json> remove_branch(const Workspace& workspace, const std::string& dataset, const std::string& branch);
/// Makes the newest version of NAME@BRANCH current in one step; the branch is then gone. A branch whose newest version
/// was written by a run with alerts is refused unless `with_alerts`.
Result<Json> publish_branch(const Workspace& workspace, const std::string& selector, bool with_alerts);

/// Writes a version as JSON lines (.jsonl) or one Parquet file (.parquet), by the ending of `path`.
Result<Json> export_dataset(const Workspace& workspace, const std::string& selector, const std::string& path);

}  // namespace gristmill::platform
