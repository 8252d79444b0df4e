// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/feedback_compaction.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <span>

#include "gristmill/base/clock.h"
#include "gristmill/base/hash.h"
#include "gristmill/feedback/segment.h"
#include "gristmill/formats/dataset_file.h"
#include "gristmill/formats/document_id.h"
#include "gristmill/formats/document_index.h"
#include "gristmill/io/file.h"
#include "gristmill/io/lock_file.h"
#include "gristmill/platform/datasets.h"
#include "gristmill/platform/feedback.h"
#include "gristmill/platform/feedback_events.h"
#include "gristmill/platform/feedback_identity.h"
#include "gristmill/platform/id_indexes.h"
#include "gristmill/store/table.h"

namespace gristmill::platform {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view source_name = "feedback";
constexpr std::size_t segments_per_commit = 16;
constexpr int seal_timeout_ms = 10'000;
constexpr int zstd_level = 3;

enum Column { type, version, received_at, occurred_at, consent, rating, subject, session, user, model, pii_finds };

std::vector<data::Column> event_columns() {
  using data::ColumnType;
  return {
      {"feedback_type", ColumnType::string}, {"schema_version", ColumnType::int64}, {"received_at", ColumnType::string},
      {"occurred_at", ColumnType::string},   {"consent", ColumnType::boolean},      {"rating", ColumnType::float64},
      {"subject", ColumnType::string},       {"session", ColumnType::string},       {"user", ColumnType::string},
      {"model", ColumnType::string},         {"pii_finds", ColumnType::int64}};
}

/// A segment that nobody writes any more, and the last event that belongs into it.
struct Sealed {
  feedback::SegmentFile file;
  std::uint64_t last = 0;
};

/// A run of sealed segments that becomes one commit.
struct Range {
  std::vector<Sealed> segments;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// Writes the events of a range as one data file with its index.
class EventFile {
 public:
  EventFile(std::string log_id, std::string ingestion_id, formats::DatasetWriter& writer,
            formats::DocumentIndexWriter& index)
      : log_id_(std::move(log_id)),
        ingestion_id_(std::move(ingestion_id)),
        origin_uri_("feedback://" + log_id_),
        writer_(writer),
        index_(index) {}

  /// `stored`: the payload of the frame.
  Status add(const feedback::Frame& frame, const Json& stored) {
    const auto& event = stored["event"];
    batch_.clear();
    data::Document document;
    document.id = formats::document_id({source_name, log_id_, {}, {}}, frame.sequence);
    document.ingestion_id = ingestion_id_;
    document.origin_uri = origin_uri_;
    document.origin_offset = static_cast<std::int64_t>(frame.sequence);
    const auto words = feedback_text(event);
    document.text = words.text;
    document.conversation = words.conversation;
    document.media_type = words.conversation.empty() ? "text/plain" : "application/x-conversation";
    const auto metadata = Json::object({{"event", without_text(event)}, {"notes", stored["notes"]}}).dump();
    document.metadata = metadata;
    const auto received = iso8601(frame.received_ms);
    const auto rated = feedback_rating(event);
    document.columns = batch_.allocate_cells(event_columns_count);
    document.columns[Column::type] = std::string_view(event["type"].as_string());
    document.columns[Column::version] = event["schema_version"].as_int(1);
    document.columns[Column::received_at] = std::string_view(received);
    document.columns[Column::consent] = event["consent"].as_bool();
    if (rated.is_double()) document.columns[Column::rating] = rated.as_double();
    constexpr std::array<std::pair<Column, std::string_view>, 5> names{{{Column::occurred_at, "occurred_at"},
                                                                        {Column::subject, "subject"},
                                                                        {Column::session, "session"},
                                                                        {Column::user, "user"},
                                                                        {Column::model, "model"}}};
    for (const auto& [column, name] : names) {
      if (event[name].is_string()) document.columns[column] = std::string_view(event[name].as_string());
    }
    const auto& finds = stored["notes"]["pii_finds"];
    if (finds.is_int()) document.columns[Column::pii_finds] = finds.as_int();
    index_.add_written(document.id, static_cast<std::uint32_t>(writer_.documents()));
    return writer_.write(document);
  }

 private:
  static constexpr std::size_t event_columns_count = 11;

  std::string log_id_, ingestion_id_, origin_uri_;
  formats::DatasetWriter& writer_;
  formats::DocumentIndexWriter& index_;
  data::Batch batch_;
};

/// One compaction at work; the lock is held.
class Compaction {
 public:
  Compaction(const Workspace& workspace, std::string folder, std::string log_id, std::string tenure,
             std::uint64_t through)
      : workspace_(workspace),
        folder_(std::move(folder)),
        log_id_(std::move(log_id)),
        tenure_(std::move(tenure)),
        through_(through) {}

  Result<Json> work() {
    GRISTMILL_RETURN_IF_ERROR(remove_leftovers());
    while (true) {
      GRISTMILL_TRY(const auto range, next_range());
      if (range.segments.empty()) break;
      GRISTMILL_RETURN_IF_ERROR(compact(range));
    }
    GRISTMILL_RETURN_IF_ERROR(remove_segments());
    const auto& settings = workspace_.settings().feedback;
    return Json::object({{"dataset", settings.dataset},
                         {"version", version_ == 0 ? Json() : Json(version_)},
                         {"events", events_},
                         {"commits", commits_},
                         {"compacted_through", through_},
                         {"segments_removed", removed_},
                         {"damages", damages_}});
  }

 private:
  [[nodiscard]] std::string data_folder() const {
    return fmt::format("{}/data/feedback-{}", workspace_.table_folder(workspace_.settings().feedback.dataset), log_id_);
  }
  [[nodiscard]] std::string data_path(const Range& range) const {
    return fmt::format("{}/{:020}-{:020}.parquet", data_folder(), range.first, range.last);
  }

  /// Files of attempts that were killed before their commit: they begin behind the mark.
  [[nodiscard]] Status remove_leftovers() const {
    GRISTMILL_RETURN_IF_ERROR(io::remove_temporaries(data_folder()));
    GRISTMILL_TRY(const auto entries, io::list_folder(data_folder()));
    std::vector<std::string> left;
    for (const auto& entry : entries) {
      const auto name = entry.path.substr(entry.path.rfind('/') + 1);
      std::uint64_t first = 0;
      std::from_chars(name.data(), name.data() + name.size(), first);
      if (first <= through_) continue;
      left.push_back(index_of(entry.path));
      left.push_back(entry.path);
    }
    return io::remove_files(left);
  }

  /// Sealed segments behind the mark; the newest segment may still be written.
  Result<Range> next_range() {
    GRISTMILL_TRY(const auto files, feedback::list_segments(folder_));
    Range range;
    for (std::size_t i = 0; i + 1 < files.size() && range.segments.size() < segments_per_commit; ++i) {
      const auto last = files[i + 1].first_sequence - 1;
      if (last <= through_) continue;
      if (range.segments.empty()) range.first = std::max(files[i].first_sequence, through_ + 1);
      range.segments.push_back({files[i], last});
      range.last = last;
    }
    if (!range.segments.empty() && range.first > through_ + 1) note_missing(through_ + 1, range.first - 1);
    return range;
  }

  void note_missing(std::uint64_t first, std::uint64_t last) {
    damages_.push(fmt::format("events {} to {} are missing: their segment files are gone", first, last));
  }

  Status note_gaps(const feedback::SegmentFile& file, const feedback::Segment& segment) {
    for (const auto& gap : segment.scan.gaps) {
      const std::string_view bytes(segment.bytes.data(), segment.bytes.size());
      GRISTMILL_TRY(auto path, feedback::set_aside(folder_, file, bytes, gap));
      damages_.push(feedback::describe({.segment = file.path, .gap = gap, .set_aside = std::move(path)}));
    }
    return {};
  }

  /// Tells of events that are not in a segment although no damaged bytes are in their place.
  void note_hole(const Sealed& sealed, const feedback::SegmentScan& scan, std::uint64_t before, std::uint64_t first,
                 std::uint64_t end) {
    const auto is_told = std::ranges::find(scan.gaps, before, &feedback::Gap::sequence_before) != scan.gaps.end();
    if (first >= end || is_told) return;
    damages_.push(fmt::format("{}: events {} to {} are missing: the file is shorter than it was", sealed.file.path,
                              first, end - 1));
  }

  /// An event whose bytes are whole, and yet it cannot be read: it must not keep all that follow from the dataset.
  Status note_unreadable(const Sealed& sealed, const feedback::Segment& segment, std::size_t place,
                         const Error& error) {
    const auto& frame = segment.scan.frames[place];
    const std::string_view bytes(segment.bytes.data(), segment.bytes.size());
    const auto size = feedback::frame_head_bytes + frame.payload.size();
    GRISTMILL_TRY(const auto path,
                  feedback::set_aside(folder_, sealed.file, bytes, {segment.scan.offsets[place], size, 0, 0}));
    damages_.push(fmt::format("{}: event {} cannot be read ({}); it lies in {}", sealed.file.path, frame.sequence,
                              error.message, path));
    return {};
  }

  /// Writes the events of a segment that are not in the dataset yet; every one that should be there is, or is told.
  Status add_segment(const Sealed& sealed, EventFile& file) {
    GRISTMILL_TRY(const auto segment, feedback::read_segment(sealed.file.path));
    GRISTMILL_RETURN_IF_ERROR(note_gaps(sealed.file, segment));
    const auto& scan = segment.scan;
    std::uint64_t before = 0;
    auto expected = std::max(sealed.file.first_sequence, through_ + 1);
    for (std::size_t i = 0; i < scan.frames.size(); ++i) {
      const auto& frame = scan.frames[i];
      if (frame.sequence > through_ && frame.sequence <= sealed.last) {
        note_hole(sealed, scan, before, expected, frame.sequence);
        expected = frame.sequence + 1;
        const auto stored = Json::parse(frame.payload);
        GRISTMILL_RETURN_IF_ERROR(stored ? file.add(frame, *stored)
                                         : note_unreadable(sealed, segment, i, stored.error()));
      }
      before = frame.sequence;
    }
    note_hole(sealed, scan, before, expected, sealed.last + 1);
    return {};
  }

  Status compact(const Range& range) {
    GRISTMILL_TRY(auto table, open_table());
    const auto columns = columns_of(table);
    const auto ingestion = "ing-" +
                           sha256_hex(fmt::format("{}\n{}\n{}", log_id_, range.first, range.last)).substr(0, 24);
    const auto path = data_path(range);
    GRISTMILL_TRY(auto writer, formats::create_dataset_file(path, columns, {.zstd_level = zstd_level}));
    formats::DocumentIndexWriter index;
    EventFile file(log_id_, ingestion, *writer, index);
    for (const auto& one : range.segments) GRISTMILL_RETURN_IF_ERROR(add_segment(one, file));
    if (writer->documents() == 0) return skip(range);
    GRISTMILL_TRY(const auto written, writer->close());
    GRISTMILL_RETURN_IF_ERROR(index.write(index_of(path)));
    return commit(table, range, ingestion, written);
  }

  Result<store::Table> open_table() const {
    const auto columns = formats::table_columns(event_columns());
    GRISTMILL_TRY(auto table, open_or_create(workspace_, workspace_.settings().feedback.dataset, columns));
    GRISTMILL_TRY(const auto known, table.metadata().columns(table.metadata().current_schema_id()));
    const auto is_new = [&](const formats::TableColumn& column) {
      return std::ranges::find(known, column.name, &formats::TableColumn::name) == known.end();
    };
    if (std::ranges::any_of(columns, is_new)) {
      auto added = table.add_columns(columns);
      if (!added) return std::move(added).error();
    }
    return table;
  }

  static std::vector<data::Column> columns_of(const store::Table& table) {
    auto columns = event_columns();
    const auto known = table.assign_field_ids(formats::table_columns(columns));
    for (auto& column : columns)
      column.field_id = std::ranges::find(known, column.name, &formats::TableColumn::name)->field_id;
    return columns;
  }

  Status commit(store::Table& table, const Range& range, const std::string& ingestion,
                const formats::WrittenFile& written) {
    store::CommitRequest request{
        .files = {store::data_file(written)},
        .summary = {{"gristmill.ingestion-id", ingestion},
                    {"gristmill.documents", std::to_string(written.documents)},
                    {"gristmill.text-bytes", std::to_string(written.text_bytes)},
                    {"gristmill.feedback-log", log_id_},
                    {"gristmill.feedback-events", fmt::format("{}-{}", range.first, range.last)}},
        .key = fmt::format("feedback-{}-{}-{}", log_id_, range.first, range.last),
        .columns = {},
        .also = {}};
    request.needed_fields.assign(formats::document_fields.begin(), formats::document_fields.end());
    request.also = [&](meta::Transaction& transaction, std::int64_t snapshot) -> Status {
      GRISTMILL_RETURN_IF_ERROR(move_mark(transaction, range));
      return record(transaction, range, ingestion, written, snapshot);
    };
    GRISTMILL_TRY(const auto snapshot, table.append(request));
    version_ = snapshot.id;
    events_ += written.documents;
    ++commits_;
    through_ = range.last;
    return {};
  }

  /// Nothing of a range could be read: the mark moves on alone, and the log says what was lost.
  Status skip(const Range& range) {
    auto status = workspace_.database().write([&](meta::Transaction& transaction) -> Status {
      GRISTMILL_RETURN_IF_ERROR(move_mark(transaction, range));
      return audit(transaction, "feedback.compact", workspace_.settings().feedback.dataset,
                   Json::object({{"events", 0}, {"first", range.first}, {"last", range.last}, {"damages", damages_}}));
    });
    if (status) through_ = range.last;
    return status;
  }

  [[nodiscard]] Status move_mark(meta::Transaction& transaction, const Range& range) const {
    const auto inserted = transaction.execute(
        "INSERT INTO feedback_logs (log_id, compacted_through, updated_at) VALUES (?, 0, ?) ON CONFLICT DO NOTHING",
        {log_id_, now_iso8601()});
    if (!inserted) return inserted.error();
    const auto moved = transaction.execute(
        "UPDATE feedback_logs SET compacted_through = ?, updated_at = ? WHERE log_id = ? AND compacted_through = ?",
        {static_cast<std::int64_t>(range.last), now_iso8601(), log_id_, static_cast<std::int64_t>(through_)});
    if (!moved) return moved.error();
    // Behind the change, which keeps everybody else from the row until this transaction ends.
    GRISTMILL_RETURN_IF_ERROR(check_feedback_tenure(workspace_, transaction, log_id_, tenure_));
    if (*moved == 1) return {};
    return Error{ErrorCode::conflict,
                 fmt::format("the feedback log was compacted by somebody else beyond {}", through_)};
  }

  /// Each commit is an ingestion of the source `feedback`, so that `trace` leads back to it.
  Status record(meta::Transaction& transaction, const Range& range, const std::string& id,
                const formats::WrittenFile& written, std::int64_t snapshot) const {
    const auto& settings = workspace_.settings().feedback;
    const auto now = now_iso8601();
    auto source = transaction.execute(
        "INSERT INTO sources (name, kind, location, owner, license, license_evidence, sensitivity, created_at) VALUES "
        "(?, 'feedback', ?, '', ?, 'set in gristmill.toml', 'confidential', ?) ON CONFLICT DO NOTHING",
        {std::string(source_name), folder_, settings.license, now});
    if (!source) return std::move(source).error();
    GRISTMILL_TRY(const auto newest, transaction.query("SELECT COALESCE(MAX(ordinal), 0) FROM ingestions"));
    const auto details = Json::object({{"ingestion_id", id},
                                       {"task_id", "task-" + id.substr(4)},
                                       {"status", damages_.size() == 0 ? "complete" : "complete_with_problems"},
                                       {"source", source_name},
                                       {"source_url", Json::array({"feedback://" + log_id_})},
                                       {"dataset", settings.dataset},
                                       {"started_at", now},
                                       {"completed_at", now},
                                       {"license", settings.license},
                                       {"license_evidence", "set in gristmill.toml"},
                                       {"sensitivity", "confidential"},
                                       {"first_event", range.first},
                                       {"last_event", range.last},
                                       {"documents", written.documents},
                                       {"records", written.documents},
                                       {"quarantined", 0},
                                       {"already_present", false},
                                       {"problems", damages_},
                                       {"version", snapshot}});
    auto inserted = transaction.execute(
        "INSERT INTO ingestions (ingestion_id, ordinal, task_id, source, dataset, status, started_at, completed_at, "
        "record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {id, meta::integer(newest[0][0]) + 1, details["task_id"].as_string(), std::string(source_name),
         settings.dataset, details["status"].as_string(), now, now, details.dump()});
    if (!inserted) return std::move(inserted).error();
    return audit(transaction, "feedback.compact", settings.dataset,
                 Json::object({{"events", written.documents},
                               {"first", range.first},
                               {"last", range.last},
                               {"version", snapshot},
                               {"damages", damages_}}));
  }

  /// Segments that are wholly in the dataset go; the newest of them stays for `feedback tail`.
  Status remove_segments() {
    GRISTMILL_TRY(auto files, feedback::list_segments(folder_));
    std::size_t done = 0;
    while (done + 1 < files.size() && files[done + 1].first_sequence - 1 <= through_) ++done;
    const auto keys_kept = static_cast<std::size_t>(workspace_.settings().feedback.keys);
    for (std::size_t i = 0; i + 1 < done; ++i) {
      GRISTMILL_TRY(const auto segment, feedback::read_segment(files[i].path));
      GRISTMILL_RETURN_IF_ERROR(feedback::keep_keys(folder_, files[i], segment.scan, keys_kept));
      if (::unlink(files[i].path.c_str()) != 0) return errno_error(fmt::format("removing {}", files[i].path), errno);
      ++removed_;
    }
    return {};
  }

  const Workspace& workspace_;
  std::string folder_, log_id_, tenure_;
  std::uint64_t through_;
  Json damages_ = Json::array();
  std::int64_t events_ = 0, commits_ = 0, removed_ = 0, version_ = 0;
};

/// Brings everything durable into segments that nobody writes any more. What was found and set right for that, such as
/// a write that a crash tore, goes into `recovered`.
Status seal(const Workspace& workspace, feedback::Log* log, Json& recovered) {
  if (log != nullptr) return log->seal();
  auto opened = open_feedback_log(workspace, false);
  if (opened) {
    for (const auto& damage : (*opened)->recovery().damages) {
      if (damage.is_torn_tail || damage.is_of_keys) recovered.push(feedback::describe(damage));
    }
    return {};
  }
  if (opened.error().code != ErrorCode::conflict) return std::move(opened).error();
  return feedback::Log::request_seal(feedback_folder(workspace), seal_timeout_ms);
}

}  // namespace

Result<Json> compact_feedback(const Workspace& workspace, feedback::Log* log) {
  const auto folder = feedback_folder(workspace);
  GRISTMILL_TRY(const auto lock, io::LockFile::acquire(folder + "/compact.lock"));
  auto recovered = Json::array();
  const auto sealed = seal(workspace, log, recovered);
  // On a full disk, say. What was sealed before goes all the same, which may make room.
  if (!sealed && sealed.error().code != ErrorCode::unavailable) return sealed.error();
  GRISTMILL_TRY(auto log_id, feedback_log_id(workspace));
  GRISTMILL_TRY(auto tenure, feedback_tenure(workspace));
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read(
      [&](meta::Transaction& transaction) { return check_feedback_tenure(workspace, transaction, log_id, tenure); }));
  GRISTMILL_TRY(const auto through, compacted_through(workspace, log_id));
  GRISTMILL_TRY(auto done, Compaction(workspace, folder, std::move(log_id), std::move(tenure), through).work());
  if (!sealed) return sealed.error();
  done.set("recovered", std::move(recovered));
  return done;
}

}  // namespace gristmill::platform
