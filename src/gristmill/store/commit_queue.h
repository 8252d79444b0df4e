// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "gristmill/meta/database.h"

namespace gristmill::store {

/// A place in the queue of those who commit to one table of an SQLite catalog, threads and processes alike. Turns come
/// in the order in which the places were taken, so nobody is overtaken, and nobody prepares what another's commit makes
/// void. It is a courtesy: what is right is decided by the catalog's compare-and-swap, which other programs, who do not
/// queue, use too. A process that dies leaves the queue. Movable; the place is given up with it.
class CommitTurn {
 public:
  /// So long nobody's turn must have ended before those who wait go ahead without theirs.
  static constexpr std::chrono::milliseconds default_patience{10'000};

  /// No place: nobody is waited for.
  CommitTurn() = default;
  /// Takes a place in the queue `name` of a file, which is made where it is missing, and waits for the turn. Where the
  /// file cannot be made or locked there is no queue.
  static CommitTurn wait(const std::string& path, std::string_view name,
                         std::chrono::milliseconds patience = default_patience);
  ~CommitTurn();
  CommitTurn(CommitTurn&& other) noexcept;
  CommitTurn& operator=(CommitTurn&& other) noexcept;
  CommitTurn(const CommitTurn&) = delete;
  CommitTurn& operator=(const CommitTurn&) = delete;

  /// Which place it was, counted from 1; 0 without a turn.
  [[nodiscard]] std::int64_t ticket() const { return ticket_; }

 private:
  CommitTurn(int file, std::int64_t ticket) : file_(file), ticket_(ticket) {}
  void leave();

  int file_ = -1;
  std::int64_t ticket_ = 0;
};

/// Runs `work`, once and in any case, when it is its turn among those who queue for this table in this catalog. On a
/// PostgreSQL server an advisory lock is the queue, also first come, first served.
void wait_for_turn(meta::Database& database, const std::string& table, const std::function<void()>& work);

}  // namespace gristmill::store
