// SPDX-License-Identifier: Apache-2.0
#include "gristmill/ops/columnar.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <mutex>
#include <numeric>
#include <shared_mutex>

#include "gristmill/kernels/sized_union.h"
#include "gristmill/kernels/union_find.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::ops {
namespace {

// Documents are worked on in stretches of about this much text, so that what one leaves behind is still in cache when
// it is written out.
constexpr std::size_t stretch_bytes = std::size_t{1} << 20;
constexpr std::size_t stretch_rows = 4096;

/// The string parts of a document that a table may hold, by column name; the text is named by the settings.
struct Part {
  std::string_view name;
  std::string_view data::Document::* member;
};
constexpr std::array parts{
    Part{"text", &data::Document::text},
    Part{"url", &data::Document::url},
    Part{"media_type", &data::Document::media_type},
    Part{"conversation", &data::Document::conversation},
    Part{"metadata", &data::Document::metadata},
    Part{"origin_uri", &data::Document::origin_uri},
    Part{"ingestion_id", &data::Document::ingestion_id},
};
constexpr std::string_view id_name = "id";
constexpr std::string_view offset_name = "origin_offset";

/// A part as it lies in the batch, and its new column once the operator has changed it.
struct BoundPart {
  const Part* part;
  std::string name;
  data::ArrowColumn column;
  std::optional<data::ArrowColumnBuilder> changed;
};

/// One batch on its way through an operator.
class Pass {
 public:
  Pass(const Operator& op, const ColumnarSettings& settings, const data::ArrowBatch& batch)
      : op_(op), settings_(settings), batch_(batch), scratch_(op.make_scratch()) {}

  Status open() {
    for (const auto& part : parts) {
      const bool is_text = part.member == &data::Document::text;
      const std::string name(is_text ? std::string_view(settings_.text_column) : part.name);
      const auto position = batch_.find(name);
      if (position < 0 && is_text) return not_found(fmt::format("the table has no column '{}'", name));
      if (position < 0) continue;
      GRISTMILL_TRY(const auto column, batch_.column(position));
      if (!column.is_string()) {
        if (is_text) return invalid_argument(fmt::format("column '{}' holds no strings", name));
        continue;
      }
      bound_.push_back({&part, name, column, std::nullopt});
    }
    GRISTMILL_RETURN_IF_ERROR(open_origin());
    for (const auto& needed : op_.spec().columns_in) {
      const auto position = batch_.find(needed.name);
      if (position < 0) {
        return not_found(fmt::format("{} needs the column '{}' ({}): apply the operator that writes it first",
                                     op_.spec().name, needed.name, needed.help));
      }
      GRISTMILL_TRY(const auto column, batch_.column(position));
      inputs_.push_back(column);
      columns_.push_back({.name = std::string(needed.name), .type = column.type()});
      scratch_->columns_in.push_back(slot_of(needed.name));
    }
    for (const auto& made : op_.spec().columns_out) scratch_->columns_out.push_back(slot_of(made.name));
    if (settings_.annotation.empty()) return {};
    scratch_->keeps_dropped = true;
    for (const auto& measured : op_.spec().annotation_columns)
      scratch_->annotation_columns.push_back(slot_of(measured.name));
    return {};
  }

  /// Fills `documents()` with the rows from `row` on, about a stretch of them; returns the row after.
  std::int64_t load(std::int64_t row) {
    stretch_.clear();
    scratch_->arena = &stretch_.arena;
    std::size_t bytes = 0;
    for (; row < batch_.rows() && bytes < stretch_bytes && stretch_.documents.size() < stretch_rows; ++row) {
      data::Document document{.media_type = settings_.media_type};
      for (const auto& bound : bound_) document.*bound.part->member = clean(bound.column.string(row));
      document.origin_offset = offset_of(row);
      if (ids_in_) Hash128::parse(ids_in_->string(row), document.id);
      document.columns = stretch_.allocate_cells(slots_.size());
      for (std::size_t i = 0; i < inputs_.size(); ++i)
        document.columns[scratch_->columns_in[i]] = inputs_[i].value(row);
      bytes += document.text.size();
      stretch_.documents.push_back(document);
    }
    return row;
  }

  Result<ColumnarResult> run() {
    start_columns();
    for (std::int64_t row = 0; row < batch_.rows();) {
      const auto first = row;
      row = load(row);
      for (std::size_t i = 0; i < stretch_.documents.size(); ++i)
        apply_to(first + static_cast<std::int64_t>(i), stretch_.documents[i]);
    }
    return finish();
  }

  [[nodiscard]] std::vector<data::Document>& documents() { return stretch_.documents; }
  /// The operator columns that are read, with the types that they have here.
  [[nodiscard]] const std::vector<data::Column>& columns() const { return columns_; }
  [[nodiscard]] Scratch& scratch() { return *scratch_; }

 private:
  /// Finds the columns that say where a document of Gristmill comes from.
  Status open_origin() {
    if (const auto position = batch_.find(id_name); position >= 0) {
      GRISTMILL_TRY(const auto column, batch_.column(position));
      if (column.is_string()) ids_in_ = column;
    }
    if (const auto position = batch_.find(offset_name); position >= 0) {
      GRISTMILL_TRY(const auto column, batch_.column(position));
      if (column.type() == data::ColumnType::int64) offsets_in_ = column;
    }
    return {};
  }

  [[nodiscard]] std::int64_t offset_of(std::int64_t row) const {
    if (!offsets_in_) return row;
    const auto value = offsets_in_->value(row);
    const auto* const offset = std::get_if<std::int64_t>(&value);
    return offset == nullptr ? row : *offset;
  }

  std::uint16_t slot_of(std::string_view name) {
    const auto found = std::ranges::find(slots_, name);
    if (found == slots_.end()) slots_.push_back(name);
    return static_cast<std::uint16_t>(std::ranges::find(slots_, name) - slots_.begin());
  }

  /// Arrow promises UTF-8 but producers do not always check; the operators rely on it.
  std::string_view clean(std::string_view text) {
    if (kernels::is_valid_utf8(text)) return text;
    return stretch_.arena.copy(kernels::replace_invalid_utf8(text));
  }

  void start_columns() {
    const auto make = [this](std::span<const ColumnSpec> columns, const std::vector<std::uint16_t>& slots) {
      for (std::size_t i = 0; i < slots.size(); ++i) {
        made_.emplace_back(std::string(columns[i].name), columns[i].type);
        made_.back().reserve(batch_.rows(), 0);
        made_slots_.push_back(slots[i]);
      }
    };
    make(op_.spec().columns_out, scratch_->columns_out);
    make(op_.spec().annotation_columns, scratch_->annotation_columns);
    if (!settings_.annotation.empty()) annotation_.emplace(settings_.annotation, data::ColumnType::string);
    if (op_.spec().name.starts_with("tokenize.")) ids_.emplace(data::ArrowColumnBuilder::of_ids("tokens"));
  }

  void apply_to(std::int64_t row, data::Document& document) {
    const auto bytes = static_cast<std::int64_t>(document.text.size());
    ++result_.report.in;
    result_.report.bytes_in += bytes;
    const auto before = document;
    const auto verdict = op_.apply(document, *scratch_);
    const bool is_annotated = annotation_.has_value() && verdict.outcome != Outcome::quarantined;
    const bool is_kept = verdict.outcome == Outcome::kept || is_annotated;
    keep_.push_back(is_kept);
    if (!is_kept) {
      auto& counts = verdict.outcome == Outcome::dropped ? result_.report.dropped : result_.report.quarantined;
      ++counts[std::string(verdict.reason)];
      return;
    }
    if (verdict.outcome == Outcome::dropped) ++result_.report.dropped[std::string(verdict.reason)];
    result_.report.out += verdict.outcome == Outcome::kept ? 1 : 0;
    result_.report.bytes_out += static_cast<std::int64_t>(document.text.size());
    if (annotation_) annotation_->append(verdict.reason.empty() ? data::Value() : data::Value(verdict.reason));
    for (auto& bound : bound_) write_part(row, bound, before, document);
    for (std::size_t i = 0; i < made_.size(); ++i) made_[i].append(document.columns[made_slots_[i]]);
    if (ids_) ids_->append_ids(document.tokens);
  }

  /// A part is written anew from its first change on; until then the caller keeps the column that it has.
  void write_part(std::int64_t row, BoundPart& bound, const data::Document& before, const data::Document& after) {
    // What rewrites texts hands on no bytes that are no UTF-8; what judges them leaves them as they are.
    const bool is_map = op_.spec().kind == Kind::map && !bound.column.is_null(row);
    const auto old_text = is_map ? bound.column.string(row) : before.*bound.part->member;
    const auto new_text = after.*bound.part->member;
    const bool is_same = old_text.data() == new_text.data() && old_text.size() == new_text.size();
    if (!bound.changed) {
      if (is_same) return;
      bound.changed.emplace(bound.name, data::ColumnType::string, bound.column.layout());
      bound.changed->reserve(batch_.rows(), old_text.size());
      for (std::int64_t earlier = 0; earlier < row; ++earlier) {
        if (!keep_[static_cast<std::size_t>(earlier)]) continue;
        const bool was_null = bound.column.is_null(earlier);
        bound.changed->append(was_null ? data::Value() : data::Value(clean(bound.column.string(earlier))));
      }
    }
    const bool is_null = new_text.empty() && bound.column.is_null(row);
    bound.changed->append(is_null ? data::Value() : data::Value(new_text));
  }

  Result<ColumnarResult> finish() {
    std::vector<data::ArrowPair> columns;
    const auto add = [&columns](data::ArrowColumnBuilder& builder) -> Status {
      GRISTMILL_TRY(auto column, std::move(builder).finish());
      columns.push_back(std::move(column));
      return {};
    };
    for (auto& bound : bound_) {
      if (bound.changed) GRISTMILL_RETURN_IF_ERROR(add(*bound.changed));
    }
    for (auto& made : made_) GRISTMILL_RETURN_IF_ERROR(add(made));
    if (ids_) GRISTMILL_RETURN_IF_ERROR(add(*ids_));
    if (annotation_) GRISTMILL_RETURN_IF_ERROR(add(*annotation_));
    const auto kept = std::ranges::count(keep_, true);
    if (kept != batch_.rows()) {
      data::ArrowColumnBuilder mask("keep", data::ColumnType::boolean);
      for (const bool is_kept : keep_) mask.append(is_kept);
      GRISTMILL_TRY(result_.keep, std::move(mask).finish());
    }
    result_.columns = data::make_arrow_batch(std::move(columns), kept);
    return std::move(result_);
  }

  const Operator& op_;
  const ColumnarSettings& settings_;
  const data::ArrowBatch& batch_;
  std::unique_ptr<Scratch> scratch_;
  std::vector<std::string_view> slots_;
  std::vector<BoundPart> bound_;
  std::vector<data::ArrowColumn> inputs_;
  std::optional<data::ArrowColumn> ids_in_;
  std::optional<data::ArrowColumn> offsets_in_;
  std::vector<data::Column> columns_;
  std::vector<data::ArrowColumnBuilder> made_;
  std::vector<std::uint16_t> made_slots_;  ///< Slot of each.
  std::optional<data::ArrowColumnBuilder> annotation_;
  std::optional<data::ArrowColumnBuilder> ids_;
  std::vector<bool> keep_;
  data::Batch stretch_;
  ColumnarResult result_;
};

/// Keys of a table in their order, rows with equal keys in theirs.
std::vector<std::uint32_t> sorted_keys(const ColumnarKeys& keys, std::size_t width) {
  std::vector<std::uint32_t> order(keys.rows.size());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  std::ranges::sort(order, [&](std::uint32_t left, std::uint32_t right) {
    const auto* const one = &keys.values[left * width];
    const auto* const other = &keys.values[right * width];
    const auto [at, against] = std::mismatch(one, one + width, other);
    return at == one + width ? keys.rows[left] < keys.rows[right] : *at < *against;
  });
  return order;
}

/// Joins, for each key after the first in order, its row with that of the key before where they are equal.
template <typename Join>
void join_equal(const ColumnarKeys& keys, std::size_t width, Join join) {
  const auto order = sorted_keys(keys, width);
  for (std::size_t i = 1; i < order.size(); ++i) {
    const auto* const here = &keys.values[order[i] * width];
    if (std::equal(here, here + width, &keys.values[order[i - 1] * width]))
      join(keys.rows[order[i - 1]], keys.rows[order[i]]);
  }
}

/// For each row, whether it survives: rows that share a key, directly or over others, become one.
std::vector<bool> decide(const ColumnarKeys& keys, std::uint32_t rows, const GlobalOperator& op) {
  std::vector<bool> kept(rows);
  if (op.key_values() > 1) {
    std::vector<kernels::SizedUnion<std::uint32_t>::Cell> cells(rows);
    kernels::SizedUnion<std::uint32_t> sets{std::span(cells)};
    join_equal(keys, op.key_values(), [&](std::uint32_t before, std::uint32_t row) { sets.join(before, row); });
    for (std::uint32_t row = 0; row < rows; ++row) kept[row] = sets.find(row) == row;
    return kept;
  }
  std::vector<std::atomic<std::uint32_t>> cells(rows);
  kernels::UnionFind<std::uint32_t> sets{std::span(cells)};
  // The root is the smallest index: rows are counted from the end where the last one is to survive.
  const auto index = [&](std::uint32_t row) { return op.keeps_first() ? row : rows - 1 - row; };
  join_equal(keys, 1, [&](std::uint32_t before, std::uint32_t row) { sets.join(index(row), index(before)); });
  for (std::uint32_t row = 0; row < rows; ++row) kept[row] = sets.find(index(row)) == index(row);
  return kept;
}

}  // namespace

ColumnarOperator::ColumnarOperator(std::unique_ptr<Operator> op, ColumnarSettings settings)
    : op_(std::move(op)), settings_(std::move(settings)) {}

std::vector<std::string> ColumnarOperator::columns_read() const {
  std::vector<std::string> names{settings_.text_column};
  const auto add = [&names](std::string_view name) {
    if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  };
  for (const auto& part : parts) {
    if (part.member != &data::Document::text) add(part.name);
  }
  add(id_name);
  add(offset_name);
  for (const auto& needed : op_->spec().columns_in) add(needed.name);
  return names;
}

Result<ColumnarResult> ColumnarOperator::apply(const data::ArrowBatch& batch) const {
  Pass pass(*op_, settings_, batch);
  GRISTMILL_RETURN_IF_ERROR(pass.open());
  while (true) {
    {
      // Held while it works: another thread may bring a table with columns of other types.
      const std::shared_lock lock(mutex_);
      if (bound_columns_ == pass.columns()) return pass.run();
    }
    GRISTMILL_RETURN_IF_ERROR(bind(pass.columns()));
  }
}

Status ColumnarOperator::bind(const std::vector<data::Column>& columns) const {
  const std::unique_lock lock(mutex_);
  if (bound_columns_ == columns) return {};
  GRISTMILL_RETURN_IF_ERROR(op_->bind(columns));
  bound_columns_ = columns;
  return {};
}

Status ColumnarOperator::add_keys(const data::ArrowBatch& batch, ColumnarKeys& keys) const {
  const auto* global = dynamic_cast<const GlobalOperator*>(op_.get());
  GRISTMILL_CHECK(global != nullptr, std::string(op_->spec().name));
  std::int64_t row = 0;
  for (const auto rows : keys.batch_rows) row += rows;
  if (row + batch.rows() > std::numeric_limits<std::uint32_t>::max())
    return limit_exceeded("a table of more than 4 billion rows: use a pipeline");
  Pass pass(*op_, settings_, batch);
  GRISTMILL_RETURN_IF_ERROR(pass.open());
  GRISTMILL_RETURN_IF_ERROR(bind(pass.columns()));
  for (std::int64_t next = 0; next < batch.rows();) {
    next = pass.load(next);
    for (const auto& document : pass.documents()) {
      global->keys(document, pass.scratch(), keys.values);
      keys.rows.resize(keys.values.size() / global->key_values(), static_cast<std::uint32_t>(row));
      keys.text_bytes += static_cast<std::int64_t>(document.text.size());
      ++row;
    }
  }
  keys.batch_rows.push_back(batch.rows());
  return {};
}

Result<std::vector<data::ArrowPair>> ColumnarOperator::survivors(ColumnarKeys keys, ColumnarReport& report) const {
  const auto* global = dynamic_cast<const GlobalOperator*>(op_.get());
  GRISTMILL_CHECK(global != nullptr, std::string(op_->spec().name));
  for (const auto rows : keys.batch_rows) report.in += rows;
  const auto kept = decide(keys, static_cast<std::uint32_t>(report.in), *global);
  report.out = std::ranges::count(kept, true);
  report.bytes_in = keys.text_bytes;
  if (report.out != report.in) report.dropped[std::string(global->duplicate_reason())] = report.in - report.out;
  std::vector<data::ArrowPair> masks;
  std::size_t row = 0;
  for (const auto rows : keys.batch_rows) {
    data::ArrowColumnBuilder mask("keep", data::ColumnType::boolean);
    for (std::int64_t i = 0; i < rows; ++i) mask.append(static_cast<bool>(kept[row++]));
    GRISTMILL_TRY(auto column, std::move(mask).finish());
    masks.push_back(std::move(column));
  }
  return masks;
}

}  // namespace gristmill::ops
