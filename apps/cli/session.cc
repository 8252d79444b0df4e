// SPDX-License-Identifier: Apache-2.0
#include "session.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <thread>

#include "gristmill/base/units.h"

namespace gristmill::cli {

std::atomic<bool> stop_requested = false;
std::atomic<int> stop_signal = 0;

namespace {

void on_signal(int number) {
  stop_signal = number;
  stop_requested = true;
  // The first signal asks for an orderly end; the next one is obeyed at once.
  std::signal(number, SIG_DFL);
}

bool is_numeric(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789.,-%") == std::string::npos;
}

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// Without codes that a terminal would obey: names and texts that are told may hold anything. The end of a line is one
/// on any system.
std::string for_terminal(std::string_view text) {
  constexpr unsigned char first_printable = 0x20;
  constexpr unsigned char del = 0x7F;
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto value = static_cast<unsigned char>(text[at]);
    const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0U;
    if (value == '\r' && next == '\n') continue;
    // U+0080 to U+009F in UTF-8: some terminals obey them too.
    const bool is_wide_control = value == 0xC2 && next >= 0x80 && next < 0xA0;
    at += is_wide_control ? 1U : 0U;
    const bool is_control = (value < first_printable && value != '\n' && value != '\t') || value == del;
    out += is_control || is_wide_control ? '?' : text[at];
  }
  return out;
}

/// A member that is a name rather than an amount: digits of a version, say, are copied, not read.
bool is_identifier(std::string_view key) {
  return key == "from" || key.ends_with("version") || key.ends_with("_id") || key.ends_with("offset");
}

/// A list of words as "a, b"; an object of scalars as "a 1, b 2"; anything deeper as JSON.
std::string listed(const Json& value) {
  std::string out;
  for (const auto& item : value.items()) {
    if (item.is_object() || item.is_array()) return value.dump();
    out += (out.empty() ? "" : ", ") + plain(item);
  }
  for (const auto& [key, item] : value.members()) {
    if (item.is_object() || item.is_array()) return value.dump();
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", key, plain(item));
  }
  return out.empty() ? "-" : out;
}

}  // namespace

void install_signal_handlers() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  // A closed pipe (`gristmill ... | head`) is a failed write, not a reason to die half-way.
  std::signal(SIGPIPE, SIG_IGN);
}

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::not_found:
    case ErrorCode::already_exists: return 2;
    case ErrorCode::denied: return 3;
    case ErrorCode::check_failed: return 4;
    case ErrorCode::unavailable:
    case ErrorCode::conflict: return 5;
    case ErrorCode::interrupted: return 128 + (stop_signal != 0 ? stop_signal.load() : SIGINT);
    default: return 1;
  }
}

void Session::settle(const Status& status) {
  if (status) return;
  const auto& error = status.error();
  exit_code = exit_code_of(error.code);
  fmt::print(stderr, "gristmill: {}\n", for_terminal(error.message));
  if (is_json) {
    fmt::print(
        "{}\n",
        Json::object({{"error", Json::object({{"code", to_string(error.code)}, {"message", error.message}})}}).dump());
  }
}

void Session::with_workspace(const std::function<Status(const platform::Workspace&)>& work) {
  auto workspace = platform::Workspace::open(workspace_folder);
  settle(workspace ? work(**workspace) : Status(workspace.error()));
}

void Session::show(const Json& document, const std::function<std::string(const Json&)>& print) const {
  const auto text = is_json ? document.dump() + "\n" : for_terminal(print(document));
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Session::warn(const std::string& line) { fmt::print(stderr, "gristmill: {}\n", for_terminal(line)); }

void Session::say(const std::string& line) const {
  if (!is_quiet && !is_json) fmt::print(stderr, "{}\n", line);
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::vector<bool> is_right(widths.size(), rows.size() > 1);
  for (std::size_t r = 1; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < rows[r].size(); ++i)
      is_right[i] = is_right[i] && (is_numeric(rows[r][i]) || rows[r][i] == "-");
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - width_of(row[i]), ' ');
      line += is_right[i] ? padding + row[i] : row[i] + padding;
      if (i + 1 < row.size()) line += "  ";
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line + "\n";
  }
  return out;
}

std::string plain(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.as_string().empty() ? "-" : value.as_string();
  if (value.is_bool()) return value.as_bool() ? "yes" : "no";
  if (value.is_int()) return format_count(value.as_int());
  if (value.is_double()) return fmt::format("{:.2f}", value.as_double());
  return listed(value);
}

std::string counted(std::int64_t count, std::string_view noun) {
  const bool is_consonant_y = noun.ends_with('y');
  if (count == 1) return fmt::format("1 {}", noun);
  return is_consonant_y ? fmt::format("{} {}ies", format_count(count), noun.substr(0, noun.size() - 1))
                        : fmt::format("{} {}s", format_count(count), noun);
}

std::string fields(const Json& object) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [key, value] : object.members()) {
    rows.push_back({key + ":", value.is_int() && is_identifier(key) ? value.dump() : plain(value)});
  }
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row[0].size());
  std::string out;
  for (const auto& row : rows) out += fmt::format("{:<{}}  {}\n", row[0], width, row[1]);
  return out;
}

struct ProgressDisplay::Impl {
  engine::Progress& progress;
  std::mutex mutex;
  std::condition_variable wake;
  bool is_done = false;
  std::thread thread;

  void draw(double seconds) const {
    const auto documents = progress.documents.load();
    const auto bytes = static_cast<double>(progress.bytes.load());
    const auto done = progress.tasks_done.load();
    const auto total = progress.tasks_total.load();
    std::string left;
    if (done > 0 && total > done)
      left = fmt::format(", about {:.0f} s left in this stage",
                         seconds / static_cast<double>(done) * static_cast<double>(total - done));
    fmt::print(stderr, "\r\033[K{} {}/{} tasks, {} documents, {:.0f} documents/s, {:.1f} MB/s{}", progress.stage(),
               done, total, format_count(documents), static_cast<double>(documents) / seconds, bytes / 1e6 / seconds,
               left);
    std::fflush(stderr);
  }

  void loop() {
    const auto began = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, std::chrono::milliseconds(500), [&] { return is_done; })) {
      draw(std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    }
    fmt::print(stderr, "\r\033[K");
  }
};

ProgressDisplay::ProgressDisplay(const Session& session, engine::Progress& progress) {
  if (session.is_json || session.is_quiet || ::isatty(STDERR_FILENO) == 0) return;
  impl_.reset(new Impl{.progress = progress, .mutex = {}, .wake = {}, .thread = {}});
  impl_->thread = std::thread([this] { impl_->loop(); });
}

ProgressDisplay::~ProgressDisplay() {
  if (!impl_) return;
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->is_done = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
}

}  // namespace gristmill::cli
