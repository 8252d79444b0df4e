// SPDX-License-Identifier: Apache-2.0
#include "gristmill/store/commit_queue.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <thread>
#include <utility>

#include "gristmill/base/hash.h"

namespace gristmill::store {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// Tables whose names fall together share a queue, which costs them no more than waiting for each other.
constexpr std::uint64_t queue_count = 256;
constexpr milliseconds counter_patience{1000};
constexpr microseconds step{200};
constexpr microseconds longest_step{5000};

/// What the file holds of a queue.
struct Counters {
  std::int64_t last = 0;         ///< Ticket that was given out last.
  std::int64_t serving = 0;      ///< Ticket whose turn began last.
  std::int64_t given_up_at = 0;  ///< Of `serving`, plus one, when somebody's patience ended.
};

/// One queue in the open file. Each ticket is a byte far behind the file's end, locked by its holder: the kernel
/// unlocks it when the holder dies. The locks belong to the open file, so threads exclude each other as well.
class Queue {
 public:
  Queue(int file, std::string_view name) : file_(file), number_(xxh3_128(name).low % queue_count) {}

  /// Takes the next ticket; 0 when that is not possible.
  [[nodiscard]] std::int64_t take() const {
    const auto deadline = Clock::now() + counter_patience;
    // The ticket's byte must be locked before the next one is given out, or that one would not wait for it.
    while (!lock(F_WRLCK, counters_at(), 1)) {
      if (Clock::now() > deadline) return 0;
      std::this_thread::sleep_for(step);
    }
    auto counters = read();
    const auto ticket = ++counters.last;
    const bool is_taken = lock(F_WRLCK, ticket_at(ticket), 1) && write(counters.last, offsetof(Counters, last));
    lock(F_UNLCK, counters_at(), 1);
    return is_taken ? ticket : 0;
  }

  /// Waits until no earlier ticket is held; false when the patience ended first.
  [[nodiscard]] bool wait(std::int64_t ticket, milliseconds patience) const {
    auto last_seen = read();
    for (auto since = Clock::now(); is_held_before(ticket);) {
      const auto seen = read();
      if (seen.given_up_at == seen.serving + 1) return false;
      if (seen.serving != last_seen.serving) since = Clock::now();
      last_seen = seen;
      if (Clock::now() - since > patience) {
        // Who comes after need not wait as long for one who does not stir.
        write(seen.serving + 1, offsetof(Counters, given_up_at));
        return false;
      }
      std::this_thread::sleep_for(std::clamp(step * (ticket - seen.serving - 1), step, longest_step));
    }
    return write(ticket, offsetof(Counters, serving));
  }

 private:
  [[nodiscard]] off_t counters_at() const { return static_cast<off_t>(number_ * sizeof(Counters)); }
  [[nodiscard]] off_t ticket_at(std::int64_t ticket) const {
    return static_cast<off_t>((number_ + 1) << 48U) + static_cast<off_t>(ticket);
  }

  [[nodiscard]] Counters read() const {
    Counters counters;
    if (::pread(file_, &counters, sizeof counters, counters_at()) != static_cast<ssize_t>(sizeof counters)) return {};
    return counters;
  }

  bool write(std::int64_t value, std::size_t member) const {
    return ::pwrite(file_, &value, sizeof value, counters_at() + static_cast<off_t>(member)) ==
           static_cast<ssize_t>(sizeof value);
  }

  bool lock(short kind, off_t begin, off_t length) const {
    struct flock request{};
    request.l_type = kind;
    request.l_whence = SEEK_SET;
    request.l_start = begin;
    request.l_len = length;
    return ::fcntl(file_, F_OFD_SETLK, &request) == 0;
  }

  [[nodiscard]] bool is_held_before(std::int64_t ticket) const {
    struct flock request{};
    request.l_type = F_RDLCK;
    request.l_whence = SEEK_SET;
    request.l_start = ticket_at(0);
    request.l_len = ticket;
    return ::fcntl(file_, F_OFD_GETLK, &request) == 0 && request.l_type != F_UNLCK;
  }

  int file_;
  std::uint64_t number_;
};

/// Opens the file for all who may write the folder's other files; -1 where that fails.
int open_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) return file;
  constexpr auto size = static_cast<off_t>(queue_count * sizeof(Counters));
  struct stat facts{};
  if (::fstat(file, &facts) == 0 && (facts.st_size >= size || ::ftruncate(file, size) == 0)) return file;
  ::close(file);
  return -1;
}

/// Beside the name: what else takes such locks in that database.
constexpr std::int64_t lock_seed = 7308332182875957109;

}  // namespace

CommitTurn CommitTurn::wait(const std::string& path, std::string_view name, std::chrono::milliseconds patience) {
  CommitTurn turn(open_file(path), 0);
  if (turn.file_ < 0) return turn;
  const Queue queue(turn.file_, name);
  const auto ticket = queue.take();
  if (ticket == 0 || !queue.wait(ticket, patience)) {
    turn.leave();
    return turn;
  }
  turn.ticket_ = ticket;
  return turn;
}

CommitTurn::~CommitTurn() { leave(); }

CommitTurn::CommitTurn(CommitTurn&& other) noexcept
    : file_(std::exchange(other.file_, -1)), ticket_(std::exchange(other.ticket_, 0)) {}

CommitTurn& CommitTurn::operator=(CommitTurn&& other) noexcept {
  if (this == &other) return *this;
  leave();
  file_ = std::exchange(other.file_, -1);
  ticket_ = std::exchange(other.ticket_, 0);
  return *this;
}

void CommitTurn::leave() {
  // The locks go with the open file.
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  ticket_ = 0;
}

void wait_for_turn(meta::Database& database, const std::string& table, const std::function<void()>& work) {
  if (database.dialect() == "sqlite" && !database.name().empty()) {
    const auto turn = CommitTurn::wait(database.name() + "-turns", table);
    return work();
  }
  bool is_done = false;
  if (database.dialect() == "postgres") {
    // Without an answer from the server it goes on without a turn, and says better what is wrong there.
    static_cast<void>(database.read([&](meta::Transaction& transaction) -> Status {
      if (is_done) return {};  // A transaction whose connection broke is run again.
      GRISTMILL_TRY([[maybe_unused]] const auto rows,
                    transaction.query("SELECT 1 FROM pg_advisory_xact_lock(hashtextextended(current_schema() || ?, ?))",
                                      {table, lock_seed}));
      is_done = true;
      work();
      return {};
    }));
  }
  if (!is_done) work();
}

}  // namespace gristmill::store
