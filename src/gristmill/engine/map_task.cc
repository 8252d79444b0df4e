// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/map_task.h"

#include <fmt/format.h>

#include <memory>
#include <optional>

#include "gristmill/base/clock.h"
#include "gristmill/engine/exchange.h"
#include "gristmill/engine/flight.h"
#include "gristmill/formats/document_index.h"
#include "gristmill/formats/token_shard.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::engine {
namespace {

constexpr std::size_t quarantine_notes_max = 50;
constexpr auto reader_name = "reader";

const std::vector<data::Column>& quarantine_columns() {
  static const std::vector<data::Column> columns{{"quarantine_operator", data::ColumnType::string},
                                                 {"quarantine_reason", data::ColumnType::string},
                                                 {"quarantine_message", data::ColumnType::string}};
  return columns;
}

/// Everything one task holds while it runs.
class MapTask {
 public:
  MapTask(const MapStage& stage, const TaskContext& context, Poison poison)
      : stage_(stage),
        context_(context),
        split_(stage.splits[static_cast<std::size_t>(context.task)]),
        chain_(*stage.steps, stage.begin, stage.end, *stage.columns),
        poison_(std::move(poison)) {
    for (const auto step : stage.decided) cut_accounts_.push_back(account_of(step));
    for (const auto step : stage.keyed) {
      key_cpu_seconds_.push_back(0);
      key_scratch_.push_back((*stage.steps)[step].op->make_scratch());
      key_writers_.push_back(std::make_unique<KeyWriter>(fmt::format("{}/{}.keys", stem(stage.folders.internal), step),
                                                         (*stage.steps)[step].global()->key_values()));
    }
  }

  Result<MapResult> run() {
    for (std::size_t i = 0; i < stage_.decided.size(); ++i) {
      GRISTMILL_TRY(auto bits, Bitmap::load(stage_.decision_paths[i], split_.first_ordinal,
                                            split_.first_ordinal + split_.document_count));
      decisions_.push_back(std::move(bits));
    }
    reader_account_.name = reader_name;
    for (const auto& piece : split_.pieces) GRISTMILL_RETURN_IF_ERROR(read_piece(piece));
    return finish();
  }

 private:
  [[nodiscard]] std::string stem(const std::string& folder) const {
    return fmt::format("{}/{}-{:06}", folder, stage_.name, context_.task);
  }

  [[nodiscard]] OperatorAccount account_of(std::size_t step) const {
    const auto& spec = (*stage_.steps)[step].op->spec();
    return {.name = std::string(spec.name), .version = spec.version};
  }

  Result<std::unique_ptr<formats::DocumentReader>> open(const Piece& piece) const {
    if (const auto* raw = std::get_if<formats::RawInput>(&piece)) return formats::open_raw(*raw);
    return formats::open_dataset_file(std::get<formats::DatasetPiece>(piece), *stage_.columns, stage_.batch_bytes);
  }

  /// A raw file that cannot be opened for what it holds is a casualty; a fault of disk or memory fails the task.
  Status note_unopened(const formats::RawInput& raw, Error error) {
    if (error.code == ErrorCode::unavailable || error.code == ErrorCode::internal) return error;
    data::Document document{.ingestion_id = stage_.ingestion_id, .origin_uri = raw.origin_uri};
    document.id = xxh3_128(fmt::format("{}\n{}\n{}", raw.source, raw.name, raw.sha256));
    batch_.clear();
    batch_.casualties.push_back({document, fmt::format("reader.{}", to_string(error.code)), error.message, {}});
    return process_batch();
  }

  Status read_piece(const Piece& piece) {
    const double opening = thread_cpu_seconds();
    auto opened = open(piece);
    account_.read_cpu_seconds += thread_cpu_seconds() - opening;
    if (!opened) {
      const auto* raw = std::get_if<formats::RawInput>(&piece);
      return raw == nullptr ? Status(std::move(opened).error()) : note_unopened(*raw, std::move(opened).error());
    }
    const auto reader = *std::move(opened);
    while (true) {
      if (context_.stop && context_.stop->load(std::memory_order_relaxed))
        return Error{ErrorCode::interrupted, "stopped"};
      batch_.clear();
      const double started = thread_cpu_seconds();
      GRISTMILL_TRY(const bool more, reader->read(batch_));
      account_.read_cpu_seconds += thread_cpu_seconds() - started;
      if (!more) break;
      GRISTMILL_RETURN_IF_ERROR(process_batch());
    }
    for (const auto& [kind, count] : reader->skipped()) account_.skipped[kind] += count;
    return {};
  }

  Status process_batch() {
    const auto documents = static_cast<std::int64_t>(batch_.documents.size());
    const auto casualties = static_cast<std::int64_t>(batch_.casualties.size());
    account_.documents_in += documents + casualties;
    account_.text_bytes_in += static_cast<std::int64_t>(batch_.text_bytes);
    reader_account_.in += documents + casualties;
    reader_account_.out += documents;
    reader_account_.bytes_in += static_cast<std::int64_t>(batch_.text_bytes);
    reader_account_.bytes_out += static_cast<std::int64_t>(batch_.text_bytes);
    if (context_.progress) {
      context_.progress->documents.fetch_add(documents, std::memory_order_relaxed);
      context_.progress->bytes.fetch_add(static_cast<std::int64_t>(batch_.text_bytes), std::memory_order_relaxed);
    }
    for (const auto& casualty : batch_.casualties) {
      ++reader_account_.quarantined[casualty.reason];
      reader_account_.note_example(casualty.reason, sanitized(casualty.document));
      GRISTMILL_RETURN_IF_ERROR(quarantine(casualty.document, reader_name, casualty.reason, casualty.message));
    }
    for (auto& document : batch_.documents) {
      if (!stage_.ingestion_id.empty()) document.ingestion_id = stage_.ingestion_id;
      if (document.columns.size() != stage_.columns->size())
        document.columns = batch_.allocate_cells(stage_.columns->size());
    }
    apply_decisions();
    GRISTMILL_RETURN_IF_ERROR(
        chain_.run(batch_, ordinal_, poison_,
                   [&](const data::Document& document, const std::string& name, const ops::Verdict& verdict) {
                     index_.add_outcome(document.id, name, verdict.reason);
                     if (verdict.outcome == ops::Outcome::quarantined && status_) {
                       status_ = quarantine(document, name, verdict.reason, verdict.message);
                     }
                   }));
    // Reading, keys and writing that follow are not the last document's doing.
    FlightRecorder::at(-1, -1);
    ordinal_ += documents;
    GRISTMILL_RETURN_IF_ERROR(std::exchange(status_, Status()));
    const double started = thread_cpu_seconds();
    const auto first_row = account_.documents_out;
    for (const auto& document : batch_.documents) GRISTMILL_RETURN_IF_ERROR(write(document));
    account_.write_cpu_seconds += thread_cpu_seconds() - started;
    return write_keys(first_row);
  }

  /// Drops what the cut before this stage decided; each global operator sees what the one before it kept.
  void apply_decisions() {
    if (stage_.decided.empty()) return;
    const double started = thread_cpu_seconds();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < batch_.documents.size(); ++i) {
      const auto& document = batch_.documents[i];
      const auto ordinal = split_.first_ordinal + ordinal_ + static_cast<std::int64_t>(i);
      if (is_kept_by_cut(document, ordinal)) batch_.documents[kept++] = document;
    }
    batch_.documents.resize(kept);
    // The first of them tests every document, the others hardly any.
    cut_accounts_.front().cpu_seconds += thread_cpu_seconds() - started;
  }

  bool is_kept_by_cut(const data::Document& document, std::int64_t ordinal) {
    const auto bytes = static_cast<std::int64_t>(document.text.size());
    for (std::size_t i = 0; i < stage_.decided.size(); ++i) {
      auto& account = cut_accounts_[i];
      ++account.in;
      account.bytes_in += bytes;
      if (decisions_[i].test(ordinal)) {
        const auto reason = (*stage_.steps)[stage_.decided[i]].global()->duplicate_reason();
        ++account.dropped[std::string(reason)];
        account.note_example(reason, document);
        index_.add_outcome(document.id, account.name, reason);
        return false;
      }
      ++account.out;
      account.bytes_out += bytes;
    }
    return true;
  }

  Status write(const data::Document& document) {
    if (!writer_) {
      auto options = stage_.writer;
      options.is_internal = !stage_.is_last();
      const auto& folder = stage_.is_last() ? stage_.folders.data : stage_.folders.internal;
      GRISTMILL_TRY(writer_, formats::create_dataset_file(stem(folder) + ".parquet", *stage_.columns, options));
    }
    const auto row = static_cast<std::uint32_t>(writer_->documents());
    GRISTMILL_RETURN_IF_ERROR(writer_->write(document));
    ++account_.documents_out;
    account_.text_bytes_out += static_cast<std::int64_t>(document.text.size());
    return stage_.is_last() ? write_final(document, row) : Status();
  }

  Status write_final(const data::Document& document, std::uint32_t row) {
    index_.add_written(document.id, row);
    result_.digest.add(document.id, xxh3_128(document.text));
    account_.distributions.add(document, *stage_.columns);
    if (stage_.folders.tokens.empty()) return {};
    if (!segment_) {
      GRISTMILL_TRY(segment_, formats::ShardWriter::create(stem(stage_.folders.internal) + ".segment",
                                                           {stage_.tokenizer_digest, stage_.vocabulary_size}));
    }
    account_.tokens += static_cast<std::int64_t>(document.tokens.size());
    return segment_->add(document.id, document.tokens);
  }

  /// Keys of the batch's documents, which were written as rows from `first_row` on.
  Status write_keys(std::int64_t first_row) {
    for (std::size_t i = 0; i < stage_.keyed.size(); ++i) {
      const double started = thread_cpu_seconds();
      auto row = static_cast<std::uint32_t>(first_row);
      for (const auto& document : batch_.documents) {
        keys_.clear();
        const auto* const global = (*stage_.steps)[stage_.keyed[i]].global();
        global->keys(document, *key_scratch_[i], keys_);
        const auto values = global->key_values();
        for (std::size_t at = 0; at < keys_.size(); at += values)
          GRISTMILL_RETURN_IF_ERROR(key_writers_[i]->add(std::span(keys_).subspan(at, values), row));
        ++row;
      }
      key_cpu_seconds_[i] += thread_cpu_seconds() - started;
    }
    return {};
  }

  /// Raw bytes of a broken record may be anything; what is stored must be UTF-8.
  data::Document sanitized(data::Document document) {
    if (!kernels::is_valid_utf8(document.text))
      document.text = batch_.arena.copy(kernels::replace_invalid_utf8(document.text));
    return document;
  }

  Status quarantine(const data::Document& document, const std::string& name, std::string_view reason,
                    const std::string& message) {
    if (!quarantine_) {
      GRISTMILL_TRY(quarantine_, formats::create_dataset_file(stem(stage_.folders.quarantine) + ".parquet",
                                                              quarantine_columns(), {}));
    }
    auto copy = sanitized(document);
    if (!stage_.ingestion_id.empty()) copy.ingestion_id = stage_.ingestion_id;
    const auto clean_message = kernels::replace_invalid_utf8(message);
    copy.columns = batch_.allocate_cells(3);
    copy.columns[0] = std::string_view(name);
    copy.columns[1] = reason;
    copy.columns[2] = std::string_view(clean_message);
    if (account_.quarantine.size() < quarantine_notes_max) {
      account_.quarantine.push_back(
          {name, std::string(reason), clean_message, std::string(document.origin_uri), document.origin_offset});
    }
    return quarantine_->write(copy);
  }

  Result<MapResult> finish() {
    FlightRecorder::leave();
    for (std::size_t i = 0; i < key_writers_.size(); ++i) {
      const double closing = thread_cpu_seconds();
      GRISTMILL_RETURN_IF_ERROR(key_writers_[i]->close());
      key_cpu_seconds_[i] += thread_cpu_seconds() - closing;
      result_.key_paths.push_back(fmt::format("{}/{}.keys", stem(stage_.folders.internal), stage_.keyed[i]));
    }
    const double started = thread_cpu_seconds();
    if (writer_) {
      GRISTMILL_TRY(result_.file, writer_->close());
      account_.file_bytes_out = result_.file.bytes;
    }
    if (!index_.empty()) {
      result_.index_path = stem(stage_.folders.index) + ".ids";
      GRISTMILL_RETURN_IF_ERROR(index_.write(result_.index_path));
    }
    if (quarantine_) {
      GRISTMILL_TRY(const auto written, quarantine_->close());
      result_.quarantine_path = written.path;
    }
    if (segment_) {
      GRISTMILL_TRY(const auto segment, segment_->close());
      result_.segment_path = segment.path;
    }
    account_.write_cpu_seconds += thread_cpu_seconds() - started;
    collect_accounts();
    // Counted before the task may be recorded: a task whose sums do not close never becomes a result.
    GRISTMILL_RETURN_IF_ERROR(account_.check_conservation());
    result_.account = std::move(account_);
    return std::move(result_);
  }

  void collect_accounts() {
    if (stage_.number == 0) account_.operators.push_back(std::move(reader_account_));
    for (auto& account : cut_accounts_) account_.operators.push_back(std::move(account));
    for (auto& account : chain_.accounts()) account_.operators.push_back(std::move(account));
    result_.key_cpu_seconds = key_cpu_seconds_;
  }

  const MapStage& stage_;
  const TaskContext& context_;
  const Split& split_;
  Chain chain_;
  Poison poison_;
  std::vector<Bitmap> decisions_;
  std::vector<OperatorAccount> cut_accounts_;
  OperatorAccount reader_account_;
  std::vector<std::unique_ptr<ops::Scratch>> key_scratch_;
  std::vector<std::unique_ptr<KeyWriter>> key_writers_;
  std::vector<double> key_cpu_seconds_;
  std::vector<Hash128> keys_;
  std::unique_ptr<formats::DatasetWriter> writer_;
  std::unique_ptr<formats::DatasetWriter> quarantine_;
  std::unique_ptr<formats::ShardWriter> segment_;
  formats::DocumentIndexWriter index_;
  data::Batch batch_;
  Account account_;
  MapResult result_;
  Status status_;
  std::int64_t ordinal_ = 0;
};

Json strings_json(const std::vector<std::string>& strings) {
  auto json = Json::array();
  for (const auto& text : strings) json.push(text);
  return json;
}

}  // namespace

Json to_json(const formats::WrittenFile& file) {
  auto columns = Json::array();
  for (const auto& column : file.columns) {
    // Bounds are raw bytes: kept as hex so that the record stays text.
    const auto hex = [](const std::string& bytes) {
      std::string text;
      for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
      return text;
    };
    columns.push(Json::array({column.field_id, column.size_bytes, column.value_count, column.null_count,
                              hex(column.lower_bound), hex(column.upper_bound)}));
  }
  auto offsets = Json::array();
  for (const auto offset : file.row_group_offsets) offsets.push(offset);
  return Json::object({{"path", file.path},
                       {"bytes", file.bytes},
                       {"documents", file.documents},
                       {"text_bytes", file.text_bytes},
                       {"sha256", file.sha256},
                       {"offsets", std::move(offsets)},
                       {"columns", std::move(columns)}});
}

formats::WrittenFile written_file_from(const Json& json) {
  const auto bytes = [](const std::string& hex) {
    std::string raw;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
      raw += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    return raw;
  };
  formats::WrittenFile file{.path = json["path"].as_string(),
                            .bytes = json["bytes"].as_int(),
                            .documents = json["documents"].as_int(),
                            .text_bytes = json["text_bytes"].as_int(),
                            .sha256 = json["sha256"].as_string()};
  for (const auto& offset : json["offsets"].items()) file.row_group_offsets.push_back(offset.as_int());
  for (const auto& column : json["columns"].items()) {
    const auto& cells = column.items();
    file.columns.push_back({static_cast<int>(cells[0].as_int()), cells[1].as_int(), cells[2].as_int(),
                            cells[3].as_int(), bytes(cells[4].as_string()), bytes(cells[5].as_string())});
  }
  return file;
}

Json MapResult::to_json() const {
  auto cpu = Json::array();
  for (const auto seconds : key_cpu_seconds) cpu.push(seconds);
  return Json::object({{"account", account.to_json()},
                       {"file", engine::to_json(file)},
                       {"keys", strings_json(key_paths)},
                       {"key_cpu", std::move(cpu)},
                       {"index", index_path},
                       {"quarantine", quarantine_path},
                       {"segment", segment_path},
                       {"digest", digest.serialize()}});
}

MapResult MapResult::from_json(const Json& json) {
  MapResult result{.account = Account::from_json(json["account"]),
                   .file = written_file_from(json["file"]),
                   .key_paths = {},
                   .key_cpu_seconds = {},
                   .index_path = json["index"].as_string(),
                   .quarantine_path = json["quarantine"].as_string(),
                   .segment_path = json["segment"].as_string(),
                   .digest = SequenceDigest::parse(json["digest"].as_string())};
  for (const auto& path : json["keys"].items()) result.key_paths.push_back(path.as_string());
  for (const auto& seconds : json["key_cpu"].items()) result.key_cpu_seconds.push_back(seconds.as_double());
  return result;
}

Result<MapResult> run_map_task(const MapStage& stage, const TaskContext& context, Poison poison) {
  MapTask task(stage, context, std::move(poison));
  return task.run();
}

}  // namespace gristmill::engine
