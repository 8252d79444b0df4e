// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gristmill/base/result.h"
#include "gristmill/feedback/key_window.h"
#include "gristmill/feedback/segment.h"

namespace gristmill::feedback {

/// Bytes of the log that were no events, and what became of them.
struct Damage {
  std::string segment;       ///< Path of the file (a segment, or its keys); empty when whole segments are missing.
  Gap gap = {};
  bool is_torn_tail = false; ///< The last write before a crash, which nobody was told was durable: it was cut off.
  std::string set_aside = {};  ///< File that holds the bytes now.
  bool is_of_keys = false;     ///< Idempotency keys of a segment that was compacted: its events are safe.
};

/// What was found when the log was opened.
struct Recovery {
  std::uint64_t next_sequence = 1;
  std::uint64_t next_group = 1;
  std::uint64_t events = 0;
  std::uint64_t segments = 0;
  std::vector<Damage> damages;
};

/// One line about a damage, for people.
std::string describe(const Damage& damage);

/// Copies the bytes of a gap into the log's folder `damaged`, once; gives the path.
Result<std::string> set_aside(const std::string& folder, const SegmentFile& file, std::string_view bytes,
                              const Gap& gap);

/// Reads the whole log, puts its keys into the window and cuts a torn tail. Only for the one that holds the log's lock.
Result<Recovery> recover(const std::string& folder, KeyWindow& keys);

/// Path of the file that holds the keys of a segment once the segment is gone.
std::string keys_path(const std::string& folder, std::uint64_t first_sequence);
/// Writes the keys of a segment, so that it can be removed, and forgets files of keys older than the newest
/// `keys_kept` keys.
Status keep_keys(const std::string& folder, const SegmentFile& file, const SegmentScan& scan, std::size_t keys_kept);

}  // namespace gristmill::feedback
