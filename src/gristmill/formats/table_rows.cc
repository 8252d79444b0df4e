// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/table_rows.h"

#include <arrow/type.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>
#include <numeric>

#include "gristmill/formats/arrow_status.h"
#include "gristmill/formats/parquet_file.h"

namespace gristmill::formats {
namespace {

constexpr std::int64_t batch_bytes = std::int64_t{4} << 20;
constexpr std::int64_t batch_rows_max = 8192;

}  // namespace

Result<TableRows> TableRows::open(const std::string& path, const std::vector<TableColumn>& columns) {
  TableRows rows;
  GRISTMILL_TRY(rows.reader_, open_parquet(path));
  const auto& metadata = *rows.reader_->parquet_reader()->metadata();
  const auto& schema = *metadata.schema();
  std::vector<int> roots;
  for (const auto& column : columns) {
    const auto root = find_column(*schema.group_node(), column);
    rows.names_.push_back(root < 0 ? std::string() : schema.group_node()->field(root)->name());
    if (root >= 0) roots.push_back(root);
  }
  std::vector<int> leaves;
  for (int leaf = 0; leaf < schema.num_columns(); ++leaf) {
    const auto root = schema.group_node()->FieldIndex(*schema.GetColumnRoot(leaf));
    if (std::ranges::find(roots, root) != roots.end()) leaves.push_back(leaf);
  }
  std::int64_t bytes = 0;
  for (int group = 0; group < metadata.num_row_groups(); ++group) bytes += metadata.RowGroup(group)->total_byte_size();
  const auto row_bytes = std::max<std::int64_t>(1, bytes / std::max<std::int64_t>(metadata.num_rows(), 1));
  rows.reader_->set_batch_size(std::clamp<std::int64_t>(batch_bytes / row_bytes, 1, batch_rows_max));
  std::vector<int> groups(static_cast<std::size_t>(metadata.num_row_groups()));
  std::iota(groups.begin(), groups.end(), 0);
  auto batches = rows.reader_->GetRecordBatchReader(groups, leaves);
  if (!batches.ok()) return arrow_error(batches.status(), "reading " + path);
  rows.batches_ = *std::move(batches);
  rows.path_ = path;
  return rows;
}

Result<bool> TableRows::next(std::vector<ArrayPointer>& columns, std::int64_t& count) {
  std::shared_ptr<arrow::RecordBatch> batch;
  if (const auto status = batches_->ReadNext(&batch); !status.ok()) return arrow_error(status, "reading " + path_);
  if (!batch) return false;
  columns.clear();
  for (const auto& name : names_) columns.push_back(name.empty() ? nullptr : batch->GetColumnByName(name));
  count = batch->num_rows();
  return true;
}

}  // namespace gristmill::formats
