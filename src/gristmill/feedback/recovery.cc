// SPDX-License-Identifier: Apache-2.0
#include "gristmill/feedback/recovery.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "gristmill/io/file.h"

namespace gristmill::feedback {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view keys_ending = ".keys";

struct KeysFile {
  std::uint64_t first_sequence = 0;
  std::string path;
};

Result<std::vector<KeysFile>> list_keys(const std::string& folder) {
  std::vector<KeysFile> found;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder + "/keys", code)) {
    const auto name = entry.path().filename().string();
    std::uint64_t first = 0;
    const auto* end = name.data() + (name.size() - std::min(name.size(), keys_ending.size()));
    if (name.ends_with(keys_ending) && std::from_chars(name.data(), end, first).ptr == end)
      found.push_back({first, entry.path().string()});
  }
  if (code && code != std::errc::no_such_file_or_directory)
    return errno_error(fmt::format("listing {}/keys", folder), code.value());
  std::ranges::sort(found, {}, &KeysFile::first_sequence);
  return found;
}

/// Makes a file end at `size`, durably.
Status cut(const std::string& path, std::uint64_t size) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return errno_error(fmt::format("opening {}", path), errno);
  const bool failed = ::ftruncate(descriptor, static_cast<off_t>(size)) != 0 || ::fsync(descriptor) != 0;
  const int error_number = errno;
  ::close(descriptor);
  return failed ? Status(errno_error(fmt::format("cutting {} to {} bytes", path, size), error_number)) : Status();
}

/// The place from which the last segment holds nothing that was ever acknowledged: a gap within its last write.
std::uint64_t torn_from(const SegmentScan& scan) {
  if (scan.is_closed) return UINT64_MAX;
  for (const auto& gap : scan.gaps) {
    const auto after = static_cast<std::size_t>(std::ranges::upper_bound(scan.offsets, gap.offset) -
                                                scan.offsets.begin());
    if (after == scan.frames.size()) return gap.offset;
    const auto group_before = after == 0 ? 0 : scan.frames[after - 1].group;
    if (scan.frames[after].group == scan.last_group && group_before + 1 >= scan.last_group) return gap.offset;
  }
  return UINT64_MAX;
}

void drop_frames_from(SegmentScan& scan, std::uint64_t offset) {
  while (!scan.offsets.empty() && scan.offsets.back() >= offset) {
    scan.offsets.pop_back();
    scan.frames.pop_back();
  }
  std::erase_if(scan.gaps, [&](const Gap& gap) { return gap.offset >= offset; });
  scan.next_sequence = scan.frames.empty() ? 0 : scan.frames.back().sequence + 1;
}

Status cut_torn_tail(const std::string& folder, const SegmentFile& file, Segment& segment, Recovery& recovery) {
  const auto from = torn_from(segment.scan);
  if (from == UINT64_MAX) {
    // Whole up to its end; what was filled with zeros ahead is given back.
    const auto& scan = segment.scan;
    const bool has_zeros = scan.gaps.empty() && scan.end_offset > 0 && scan.end_offset < segment.bytes.size();
    return has_zeros ? cut(file.path, scan.end_offset) : Status();
  }
  auto end = segment.bytes.size();
  while (end > from && segment.bytes[end - 1] == '\0') --end;
  Damage damage{.segment = file.path, .gap = {from, end - from, 0, 0}, .is_torn_tail = true, .set_aside = {}};
  drop_frames_from(segment.scan, from);
  if (!segment.scan.frames.empty()) damage.gap.sequence_before = segment.scan.frames.back().sequence;
  const std::string_view bytes(segment.bytes.data(), segment.bytes.size());
  GRISTMILL_TRY(damage.set_aside, set_aside(folder, file, bytes, damage.gap));
  recovery.damages.push_back(std::move(damage));
  return cut(file.path, from);
}

Status note_gaps(const std::string& folder, const SegmentFile& file, const Segment& segment, Recovery& recovery) {
  for (const auto& gap : segment.scan.gaps) {
    const std::string_view bytes(segment.bytes.data(), segment.bytes.size());
    GRISTMILL_TRY(auto path, set_aside(folder, file, bytes, gap));
    recovery.damages.push_back({.segment = file.path, .gap = gap, .is_torn_tail = false, .set_aside = std::move(path)});
  }
  return {};
}

}  // namespace

std::string describe(const Damage& damage) {
  if (damage.segment.empty()) {
    return fmt::format("events {} to {} are missing: their segment files are gone", damage.gap.sequence_before + 1,
                       damage.gap.sequence_after - 1);
  }
  if (damage.is_torn_tail) {
    return fmt::format(
        "{}: the last write before a crash was not whole; {} bytes at byte {}, never acknowledged, were "
        "cut off and lie in {}",
        damage.segment, damage.gap.bytes, damage.gap.offset, damage.set_aside);
  }
  if (damage.is_of_keys) {
    return fmt::format(
        "{}: damaged, and moved to {}: events from {} on that are sent again with their idempotency keys "
        "would be stored again",
        damage.segment, damage.set_aside, damage.gap.sequence_before + 1);
  }
  return fmt::format("{}: {} damaged bytes at byte {}, between events {} and {}; they lie in {}", damage.segment,
                     damage.gap.bytes, damage.gap.offset, damage.gap.sequence_before, damage.gap.sequence_after,
                     damage.set_aside);
}

Result<std::string> set_aside(const std::string& folder, const SegmentFile& file, std::string_view bytes,
                              const Gap& gap) {
  const auto path = fmt::format("{}/damaged/{}-{}-{}.bin", folder, fs::path(file.path).stem().string(), gap.offset,
                                gap.bytes);
  if (io::exists(path)) return path;
  GRISTMILL_RETURN_IF_ERROR(io::write_file(path, bytes.substr(gap.offset, gap.bytes)));
  return path;
}

std::string keys_path(const std::string& folder, std::uint64_t first_sequence) {
  return fmt::format("{}/keys/{:020}{}", folder, first_sequence, keys_ending);
}

Status keep_keys(const std::string& folder, const SegmentFile& file, const SegmentScan& scan, std::size_t keys_kept) {
  std::vector<KeyEntry> entries;
  for (const auto& frame : scan.frames) {
    if (frame.key != Hash128{}) entries.push_back({frame.key, frame.content, frame.sequence});
  }
  if (!entries.empty()) GRISTMILL_RETURN_IF_ERROR(write_keys(keys_path(folder, file.first_sequence), entries));
  GRISTMILL_TRY(const auto files, list_keys(folder));
  std::size_t kept = 0;
  for (auto it = files.rbegin(); it != files.rend(); ++it) {
    if (kept >= keys_kept) ::unlink(it->path.c_str());
    GRISTMILL_TRY(const auto bytes, kept >= keys_kept ? Result<std::uint64_t>(0) : io::file_size(it->path));
    kept += bytes / sizeof(KeyEntry);
  }
  return {};
}

namespace {

/// Keys that cannot be read hold nobody up: what they would have kept from being stored twice is told.
Status move_damaged_keys(const std::string& folder, const KeysFile& file, Recovery& recovery) {
  const auto place = fmt::format("{}/damaged/{}", folder, fs::path(file.path).filename().string());
  GRISTMILL_RETURN_IF_ERROR(io::create_folders(folder + "/damaged"));
  if (::rename(file.path.c_str(), place.c_str()) != 0) return errno_error(fmt::format("renaming {}", file.path), errno);
  recovery.damages.push_back(
      {.segment = file.path, .gap = {0, 0, file.first_sequence - 1, 0}, .set_aside = place, .is_of_keys = true});
  return {};
}

/// Keys of segments that were removed, oldest first.
Status load_removed(const std::string& folder, const std::vector<std::uint64_t>& present, Recovery& recovery,
                    KeyWindow& keys) {
  GRISTMILL_TRY(const auto files, list_keys(folder));
  for (const auto& file : files) {
    // A segment that is still there speaks for itself.
    if (std::ranges::binary_search(present, file.first_sequence)) continue;
    const auto entries = read_keys(file.path);
    if (!entries && entries.error().code == ErrorCode::corrupt_data) {
      GRISTMILL_RETURN_IF_ERROR(move_damaged_keys(folder, file, recovery));
      continue;
    }
    if (!entries) return entries.error();
    for (const auto& entry : *entries) {
      if (keys.find(entry.key) == nullptr) keys.add(entry);
      recovery.next_sequence = std::max(recovery.next_sequence, entry.sequence + 1);
    }
  }
  return {};
}

}  // namespace

Result<Recovery> recover(const std::string& folder, KeyWindow& keys) {
  Recovery recovery;
  std::vector<std::uint64_t> present;
  std::vector<KeyEntry> entries;
  GRISTMILL_TRY(const auto files, list_segments(folder));
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    auto read = read_segment(files[i].path);
    // Compaction may remove a segment just now; its keys are in a file of their own by then.
    if (!read && read.error().code == ErrorCode::not_found) continue;
    if (!read) return std::move(read).error();
    auto& segment = *read;
    recovery.next_group = std::max(recovery.next_group, segment.scan.last_group + 1);
    if (i + 1 == files.size()) GRISTMILL_RETURN_IF_ERROR(cut_torn_tail(folder, files[i], segment, recovery));
    GRISTMILL_RETURN_IF_ERROR(note_gaps(folder, files[i], segment, recovery));
    const auto first = files[i].first_sequence;
    if (expected != 0 && first > expected)
      recovery.damages.push_back({.segment = {}, .gap = {0, 0, expected - 1, first}});
    for (const auto& frame : segment.scan.frames) {
      if (frame.key != Hash128{}) entries.push_back({frame.key, frame.content, frame.sequence});
    }
    expected = std::max(first, segment.scan.next_sequence);
    recovery.events += segment.scan.frames.size();
    ++recovery.segments;
    present.push_back(first);
  }
  recovery.next_sequence = std::max(recovery.next_sequence, expected);
  GRISTMILL_RETURN_IF_ERROR(load_removed(folder, present, recovery, keys));
  for (const auto& entry : entries) {
    if (keys.find(entry.key) == nullptr) keys.add(entry);
  }
  return recovery;
}

}  // namespace gristmill::feedback
