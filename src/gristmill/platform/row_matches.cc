// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/row_matches.h"

#include <algorithm>
#include <iterator>

#include "gristmill/platform/datasets.h"
#include "gristmill/store/scan.h"

namespace gristmill::platform {
namespace {

using Test = store::Condition::Test;

constexpr std::size_t batch_bytes = std::size_t{4} << 20;
// Beyond so many keys only the least and the greatest are compared with the bounds of files.
constexpr std::size_t keys_listed_max = 100;

bool is_less(const Json& a, const Json& b) {
  return a.is_string() ? a.as_string() < b.as_string() : a.as_int() < b.as_int();
}

/// What the key column of a row with one of the keys must be; nothing where values of that type are not compared.
void add_key_conditions(const formats::TableColumn& key, const std::vector<Json>& rows, store::ScanFilter& filter) {
  const bool is_whole = key.type == "int" || key.type == "long";
  std::vector<Json> values;
  for (const auto& row : rows) {
    const auto& value = row[key.name];
    if (is_whole ? !value.is_int() : !(key.type == "string" && value.is_string())) return;
    values.push_back(value);
  }
  if (values.empty()) return;
  if (values.size() <= keys_listed_max) {
    filter.push_back({.field_id = key.field_id, .type = key.type, .test = Test::equal, .values = std::move(values)});
    return;
  }
  const auto [least, greatest] = std::ranges::minmax_element(values, is_less);
  filter.push_back({.field_id = key.field_id, .type = key.type, .test = Test::greater_equal, .values = {*least}});
  filter.push_back({.field_id = key.field_id, .type = key.type, .test = Test::less_equal, .values = {*greatest}});
}

}  // namespace

Result<RowMatcher> RowMatcher::by_condition(const store::Table& table, const store::Snapshot& snapshot,
                                            std::string where, bool is_update) {
  RowMatcher matcher(table);
  matcher.where_ = std::move(where);
  matcher.is_update_ = is_update;
  GRISTMILL_TRY(matcher.columns_, operator_columns(table, snapshot));
  GRISTMILL_TRY(const auto columns, table.columns_at(snapshot));
  matcher.view_columns_ = std::make_shared<const std::vector<formats::TableColumn>>(columns);
  if (matcher.where_.empty()) return matcher;
  GRISTMILL_TRY(const auto filter, RowFilter::make(matcher.where_, matcher.columns_));
  matcher.conditions_ = filter.conditions(columns);
  return matcher;
}

Result<RowMatcher> RowMatcher::by_key(const store::Table& table, const formats::GivenRows& given,
                                      const std::vector<formats::TableColumn>& keys, const std::vector<Json>& rows) {
  RowMatcher matcher(table);
  GRISTMILL_TRY(matcher.keys_, formats::RowKeys::make(given, keys));
  for (const auto& key : keys) add_key_conditions(key, rows, matcher.conditions_);
  return matcher;
}

Result<formats::RowNumbers> RowMatcher::deleted_rows(const store::ScanFile& file) const {
  if (file.deletes.empty()) return formats::RowNumbers();
  const std::scoped_lock lock(*mutex_);
  return deletes_->of(file);
}

Result<Edit> RowMatcher::find(const store::ScanFile& file) const {
  GRISTMILL_RETURN_IF_ERROR(check_data_file(file));
  GRISTMILL_TRY(const auto deleted, deleted_rows(file));
  Edit edit{
      .file = file, .rows = {.path = file.path, .constants = store::constants_of(*metadata_, file)}, .removed_ids = {}};
  if (keys_) {
    GRISTMILL_TRY(edit.rows.replaced, keys_->find(file.path, deleted, edit.rows.constants));
  } else {
    GRISTMILL_RETURN_IF_ERROR(find_by_condition(deleted, edit));
  }
  edit.dropped = std::ssize(edit.rows.dropped);
  edit.deleted_by_others = std::ssize(deleted);
  formats::RowNumbers dropped;
  std::ranges::set_union(edit.rows.dropped, deleted, std::back_inserter(dropped));
  edit.rows.dropped = std::move(dropped);
  return edit;
}

Status RowMatcher::find_by_condition(const formats::RowNumbers& deleted, Edit& edit) const {
  static const std::vector<data::Column> no_columns;
  std::optional<RowFilter> filter;
  if (!where_.empty()) {
    GRISTMILL_TRY(filter, RowFilter::make(where_, columns_));
  }
  formats::TableView view{view_columns_, {}, edit.rows.constants};
  const formats::DatasetPiece piece{.path = edit.file.path,
                                    .view = std::make_shared<const formats::TableView>(std::move(view))};
  GRISTMILL_TRY(const auto reader, formats::open_dataset_file(piece, filter ? filter->columns() : no_columns,
                                                              batch_bytes, filter && filter->needs_text()));
  data::Batch batch;
  for (std::int64_t row = 0;;) {
    batch.clear();
    GRISTMILL_TRY(const bool more, reader->read(batch));
    if (!more) return {};
    if (!batch.casualties.empty()) return corrupt_data(batch.casualties.front().message);
    for (const auto& document : batch.documents) {
      const auto at = row++;
      if (std::ranges::binary_search(deleted, at)) continue;
      bool is_match = true;
      if (filter) {
        GRISTMILL_TRY(is_match, filter->test(document));
      }
      if (!is_match) continue;
      if (is_update_) {
        edit.rows.replaced.push_back({at, 0});
      } else {
        edit.rows.dropped.push_back(at);
        edit.removed_ids.push_back(document.id);
      }
    }
  }
}

}  // namespace gristmill::platform
