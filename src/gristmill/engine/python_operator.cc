// SPDX-License-Identifier: Apache-2.0
#include "gristmill/engine/python_operator.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "gristmill/engine/accounting.h"
#include "gristmill/kernels/utf8.h"

namespace gristmill::engine {
namespace {

using std::chrono::milliseconds;

// A class may load a model before it takes its first batch.
constexpr milliseconds start_limit = std::chrono::minutes(10);
constexpr std::size_t call_bytes_max = std::size_t{16} << 20;
constexpr std::size_t message_bytes_max = 4000;
constexpr std::size_t reason_bytes_max = 64;
// A function that puts numbers or addresses into its reasons must not fill the accounting with them.
constexpr std::string_view other_reason = "other";

struct Part {
  std::string_view name;
  std::string_view data::Document::* member;
};
/// What of a document a function may ask for, beside `id` and the operator columns.
constexpr std::array parts{
    Part{"text", &data::Document::text},
    Part{"url", &data::Document::url},
    Part{"media_type", &data::Document::media_type},
    Part{"conversation", &data::Document::conversation},
    Part{"metadata", &data::Document::metadata},
    Part{"origin_uri", &data::Document::origin_uri},
};

std::string_view type_name(data::ColumnType type) {
  switch (type) {
    case data::ColumnType::boolean: return "boolean";
    case data::ColumnType::int64: return "integer";
    case data::ColumnType::float64: return "number";
    case data::ColumnType::string: break;
  }
  return "string";
}

std::string_view type_of(const data::Value& value) {
  if (std::holds_alternative<bool>(value)) return "boolean";
  if (std::holds_alternative<std::int64_t>(value)) return "integer";
  return std::holds_alternative<double>(value) ? "number" : "string";
}

template <typename T>
void put(std::string& bytes, T value) {
  std::array<char, sizeof value> raw{};
  std::memcpy(raw.data(), &value, sizeof value);
  bytes.append(raw.data(), raw.size());
}

/// Writes columns of values the way worker.py reads them.
class RequestWriter {
 public:
  explicit RequestWriter(std::size_t rows) : rows_(rows) {}

  void add(std::string_view name, std::span<const data::Value> values) {
    const auto known = std::ranges::find_if(
        values, [](const data::Value& value) { return !std::holds_alternative<std::monostate>(value); });
    const auto type = known == values.end() ? std::string_view("string") : type_of(*known);
    columns_.push(Json::object({{"name", name}, {"type", type}}));
    for (const auto& value : values) body_ += type_of(value) == type && value.index() != 0 ? '\0' : '\1';
    if (type == "string") {
      for (const auto& value : values) put(body_, static_cast<std::uint32_t>(text_of(value).size()));
      for (const auto& value : values) body_ += text_of(value);
      return;
    }
    for (const auto& value : values) {
      if (type == "boolean") {
        const auto* flag = std::get_if<bool>(&value);
        body_ += flag != nullptr && *flag ? '\1' : '\0';
      } else if (type == "integer") {
        const auto* whole = std::get_if<std::int64_t>(&value);
        put(body_, whole == nullptr ? std::int64_t{0} : *whole);
      } else {
        const auto* number = std::get_if<double>(&value);
        put(body_, number == nullptr ? 0.0 : *number);
      }
    }
  }

  [[nodiscard]] std::string header() const { return Json::object({{"rows", rows_}, {"columns", columns_}}).dump(); }
  [[nodiscard]] const std::string& body() const { return body_; }

 private:
  static std::string_view text_of(const data::Value& value) {
    const auto* text = std::get_if<std::string_view>(&value);
    return text == nullptr ? std::string_view() : *text;
  }

  std::size_t rows_;
  Json columns_ = Json::array();
  std::string body_;
};

/// Reads the columns of an answer; a body that is shorter than it says fails.
class AnswerReader {
 public:
  AnswerReader(std::string_view body, std::size_t rows) : body_(body), rows_(rows) {}

  Status read(std::string_view type, std::vector<data::Value>& values) {
    values.assign(rows_, data::Value());
    GRISTMILL_TRY(const auto nulls, next(rows_));
    if (type == "string") return read_strings(nulls, values);
    const std::size_t width = type == "boolean" ? 1 : 8;
    GRISTMILL_TRY(const auto cells, next(rows_ * width));
    for (std::size_t i = 0; i < rows_; ++i) {
      if (nulls[i] != 0) continue;
      if (type == "boolean") {
        values[i] = cells[i] != 0;
      } else if (type == "integer") {
        values[i] = number<std::int64_t>(cells, i);
      } else {
        values[i] = number<double>(cells, i);
      }
    }
    return {};
  }

 private:
  Result<std::string_view> next(std::size_t size) {
    if (size > body_.size()) return corrupt_data("a worker's answer is shorter than it says");
    const auto part = body_.substr(0, size);
    body_.remove_prefix(size);
    return part;
  }

  template <typename T>
  static T number(std::string_view cells, std::size_t at) {
    T value;
    std::memcpy(&value, cells.data() + at * sizeof value, sizeof value);
    return value;
  }

  Status read_strings(std::string_view nulls, std::vector<data::Value>& values) {
    GRISTMILL_TRY(const auto lengths, next(rows_ * sizeof(std::uint32_t)));
    for (std::size_t i = 0; i < rows_; ++i) {
      GRISTMILL_TRY(const auto text, next(number<std::uint32_t>(lengths, i)));
      if (nulls[i] == 0) values[i] = text;
    }
    return {};
  }

  std::string_view body_;
  std::size_t rows_;
};

data::Value part_of(const data::Document& document, std::string_view name, data::Arena& arena) {
  if (name == "id") return arena.copy(document.id.hex());
  if (name == "origin_offset") return document.origin_offset;
  const auto found = std::ranges::find(parts, name, &Part::name);
  return document.*(found->member);
}

/// A value out of an answer, its string copied to the batch and made UTF-8 whatever the worker sent.
data::Value kept_value(const data::Value& value, data::Arena& arena) {
  const auto* text = std::get_if<std::string_view>(&value);
  if (text == nullptr) return value;
  return kernels::is_valid_utf8(*text) ? arena.copy(*text) : arena.copy(kernels::replace_invalid_utf8(*text));
}

std::string shortened(const std::string& message) {
  if (message.size() <= message_bytes_max) return message;
  return "..." + message.substr(message.size() - message_bytes_max);
}

}  // namespace

/// The reasons that a task has met; verdicts point into it.
struct ReasonScratch final : ops::Scratch {
  std::set<std::string, std::less<>> reasons;
};

/// What came of one call.
struct PythonOperator::Answer {
  std::string_view trouble;  ///< Empty: all documents are judged. Else the code of a reason.
  std::string message;
};

PythonOperator::PythonOperator(PythonFunction function)
    : function_(std::move(function)), name_("python." + function_.name) {
  for (const auto& name : function_.reads) {
    const bool is_part = name == "id" || name == "origin_offset" ||
                         std::ranges::find(parts, name, &Part::name) != parts.end();
    if (!is_part) columns_in_.push_back({.name = name, .help = "read by the function"});
  }
  for (const auto& column : function_.columns) columns_out_.push_back({.name = column.name, .type = column.type});
  spec_ = {.name = name_,
           .version = 1,
           .kind = ops::Kind::filter,
           .summary = "A function of the user's own.",
           .reference = "the pipeline",
           .options = {},
           .columns_in = columns_in_,
           .columns_out = columns_out_,
           .reasons = {}};
}

PythonOperator::~PythonOperator() = default;

std::unique_ptr<ops::Scratch> PythonOperator::make_scratch() const { return std::make_unique<ReasonScratch>(); }

Result<std::unique_ptr<PythonOperator>> PythonOperator::make(PythonFunction function) {
  auto made = std::unique_ptr<PythonOperator>(new PythonOperator(std::move(function)));
  GRISTMILL_TRY(const auto* const first, made->worker());
  made->source_digest_ = first->source_digest;
  return made;
}

Result<PythonOperator::Worker> PythonOperator::start_worker() const {
  // The order of sets and dicts of strings must not differ from run to run.
  GRISTMILL_TRY(auto process, WorkerProcess::start({function_.interpreter, function_.worker},
                                                   {"PYTHONHASHSEED=0", "PYTHONDONTWRITEBYTECODE=1"}));
  auto columns = Json::object();
  for (const auto& column : function_.columns) columns.set(column.name, type_name(column.type));
  const auto setting = Json::object({{"function", function_.reference},
                                     {"folder", function_.folder},
                                     {"config", function_.config},
                                     {"columns", std::move(columns)}});
  const auto sent = process->send(setting.dump(), {}, start_limit);
  auto hello = sent ? process->receive(start_limit) : Result<Frame>(sent.error());
  if (!hello) {
    return invalid_argument(
        fmt::format("{} could not be started with {}: {}", function_.reference, function_.interpreter, process->end()));
  }
  if (!hello->header["ok"].as_bool()) {
    return invalid_argument(
        fmt::format("{} cannot be loaded:\n{}", function_.reference, hello->header["error"].as_string()));
  }
  return Worker{std::move(process), hello->header["digest"].as_string(), hello->header["cpu"].as_double()};
}

Result<PythonOperator::Worker*> PythonOperator::worker() const {
  const auto thread = ::gettid();
  {
    const std::scoped_lock lock(mutex_);
    const auto found = workers_.find(thread);
    if (found != workers_.end() && found->second.process->is_running()) return &found->second;
  }
  // Started without the lock: the workers of all threads load at the same time.
  GRISTMILL_TRY(auto started, start_worker());
  if (!source_digest_.empty() && started.source_digest != source_digest_) {
    return Error{
        ErrorCode::conflict,
        fmt::format("the source of {} changed while the run was going: start the run again", function_.reference)};
  }
  const std::scoped_lock lock(mutex_);
  return &(workers_[thread] = std::move(started));
}

ops::Verdict PythonOperator::apply(data::Document& document, ops::Scratch& scratch) const {
  ops::Verdict verdict;
  auto* const pointer = &document;
  const auto status = apply_batch(std::span(&pointer, 1), scratch, std::span(&verdict, 1));
  return status ? verdict : ops::Verdict::quarantined(reason("failed", scratch), status.error().message);
}

Status PythonOperator::apply_batch(Documents documents, ops::Scratch& scratch, Verdicts verdicts) const {
  for (std::size_t begin = 0; begin < documents.size();) {
    std::size_t end = begin;
    for (std::size_t bytes = 0; end < documents.size() && end - begin < function_.batch && bytes < call_bytes_max;
         ++end)
      bytes += documents[end]->text.size();
    GRISTMILL_RETURN_IF_ERROR(
        judge(documents.subspan(begin, end - begin), scratch, verdicts.subspan(begin, end - begin)));
    begin = end;
  }
  return {};
}

Status PythonOperator::judge(Documents documents, ops::Scratch& scratch, Verdicts verdicts) const {
  GRISTMILL_TRY(auto answer, ask(documents, scratch, verdicts));
  // Whatever ended the process may have come from outside: one document is blamed only when it happens again.
  if (answer.trouble == "crashed" && documents.size() == 1) {
    GRISTMILL_TRY(answer, ask(documents, scratch, verdicts));
  }
  if (answer.trouble.empty()) return {};
  if (documents.size() == 1) {
    verdicts[0] = ops::Verdict::quarantined(reason(answer.trouble, scratch), shortened(answer.message));
    return {};
  }
  const auto half = documents.size() / 2;
  GRISTMILL_RETURN_IF_ERROR(judge(documents.first(half), scratch, verdicts.first(half)));
  return judge(documents.subspan(half), scratch, verdicts.subspan(half));
}

Result<PythonOperator::Answer> PythonOperator::ask(Documents documents, ops::Scratch& scratch,
                                                   Verdicts verdicts) const {
  GRISTMILL_TRY(auto* const chosen, worker());
  RequestWriter request(documents.size());
  std::vector<data::Value> values(documents.size());
  std::size_t column = 0;
  for (const auto& name : function_.reads) {
    const bool is_column = column < columns_in_.size() && columns_in_[column].name == name;
    for (std::size_t i = 0; i < documents.size(); ++i) {
      values[i] = is_column ? documents[i]->columns[scratch.columns_in[column]]
                            : part_of(*documents[i], name, *scratch.arena);
    }
    if (is_column) ++column;
    request.add(name, values);
  }
  // Half the documents have half the time, so that finding the one that hangs does not take for ever.
  const auto share = function_.timeout * documents.size() / function_.batch;
  const auto limit = std::max<milliseconds>(std::chrono::duration_cast<milliseconds>(share), function_.timeout / 10);
  if (!chosen->process->send(request.header(), request.body(), limit)) return bury(*chosen, scratch);
  const auto frame = chosen->process->receive(limit);
  if (!frame) return bury(*chosen, scratch);
  const double spent = frame->header["cpu"].as_double();
  chosen->cpu_seconds += spent;
  scratch.cpu_seconds_elsewhere += spent;
  if (!frame->header["ok"].as_bool()) {
    const bool is_bad_result = frame->header["kind"].as_string() == "bad_result";
    return Answer{is_bad_result ? "bad_result" : "failed", frame->header["error"].as_string()};
  }
  if (const auto taken = take(*frame, documents, scratch, verdicts); !taken)
    return Answer{"bad_result", taken.error().message};
  return Answer{};
}

PythonOperator::Answer PythonOperator::bury(Worker& worker, ops::Scratch& scratch) const {
  const auto ending = worker.process->end();
  scratch.cpu_seconds_elsewhere += std::max(0.0, worker.process->cpu_seconds() - worker.cpu_seconds);
  const bool was_late = ending.starts_with("it did not");
  return {was_late ? "hung" : "crashed",
          was_late ? "the function did not return in time" : fmt::format("the function ended its process: {}", ending)};
}

Status PythonOperator::take(const Frame& frame, Documents documents, ops::Scratch& scratch, Verdicts verdicts) const {
  AnswerReader reader(frame.body, documents.size());
  const auto& given = frame.header["columns"].items();
  std::vector<std::vector<data::Value>> columns(given.size());
  // All of it is read and checked before any document is touched: a broken answer changes nothing.
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto& name = given[i]["name"].as_string();
    const auto& type = given[i]["type"].as_string();
    if (type != answer_type(name)) return corrupt_data(fmt::format("a worker answered '{}' as '{}'", name, type));
    GRISTMILL_RETURN_IF_ERROR(reader.read(type, columns[i]));
    const bool has_null = std::ranges::any_of(columns[i], [](const data::Value& value) { return value.index() == 0; });
    if (has_null && (name == "text" || name == "keep"))
      return corrupt_data(fmt::format("a worker answered no '{}' for a document", name));
  }
  const std::vector<data::Value>* keep = nullptr;
  const std::vector<data::Value>* why = nullptr;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto& name = given[i]["name"].as_string();
    if (name == "keep") keep = &columns[i];
    if (name == "reason") why = &columns[i];
    if (name == "keep" || name == "reason") continue;
    const auto slot = std::ranges::find(columns_out_, name, &ops::ColumnSpec::name) - columns_out_.begin();
    for (std::size_t row = 0; row < documents.size(); ++row) {
      const auto value = kept_value(columns[i][row], *scratch.arena);
      if (name == "text") {
        documents[row]->text = std::get<std::string_view>(value);
      } else {
        documents[row]->columns[scratch.columns_out[static_cast<std::size_t>(slot)]] = value;
      }
    }
  }
  for (std::size_t row = 0; row < documents.size(); ++row) {
    const auto* code = why == nullptr ? nullptr : std::get_if<std::string_view>(&(*why)[row]);
    const bool is_kept = keep != nullptr ? std::get<bool>((*keep)[row]) : code == nullptr;
    verdicts[row] = is_kept
                        ? ops::Verdict::kept()
                        : ops::Verdict::dropped(reason(code != nullptr && !code->empty() ? *code : "dropped", scratch));
  }
  return {};
}

std::string_view PythonOperator::answer_type(std::string_view name) const {
  if (name == "text" || name == "reason") return "string";
  if (name == "keep") return "boolean";
  const auto found = std::ranges::find(columns_out_, name, &ops::ColumnSpec::name);
  return found == columns_out_.end() ? std::string_view("nothing") : type_name(found->type);
}

std::string_view PythonOperator::reason(std::string_view code, ops::Scratch& scratch) const {
  std::string text = function_.name + ".";
  for (const char letter : code.substr(0, reason_bytes_max)) {
    const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
    const bool is_upper = letter >= 'A' && letter <= 'Z';
    text += is_plain ? letter : is_upper ? static_cast<char>(letter - 'A' + 'a') : '_';
  }
  // Those of a task are limited, whatever other threads see, so that the same input gives the same counts.
  auto& reasons = static_cast<ReasonScratch&>(scratch).reasons;
  const auto found = reasons.find(text);
  if (found != reasons.end()) return *found;
  if (reasons.size() >= reasons_max) text = fmt::format("{}.{}", function_.name, other_reason);
  return *reasons.insert(std::move(text)).first;
}

}  // namespace gristmill::engine
