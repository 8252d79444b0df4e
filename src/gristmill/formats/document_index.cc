// SPDX-License-Identifier: Apache-2.0
#include "gristmill/formats/document_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#include "gristmill/io/file.h"

namespace gristmill::formats {
namespace {

static_assert(std::endian::native == std::endian::little,
              "index files are little-endian and written as they lie in memory");
static_assert(sizeof(IndexEntry) == 24);

constexpr char magic[8] = {'G', 'M', 'D', 'O', 'C', 'I', 'X', '2'};
/// Of files without an owner, as they were written at first.
constexpr char first_magic[8] = {'G', 'M', 'D', 'O', 'C', 'I', 'X', '1'};

/// magic, entry count, bytes of the outcome names that follow the entries, checksum of entries and names, and whose
/// index it is.
struct Head {
  char magic[8];
  std::uint64_t entry_count;
  std::uint64_t names_bytes;
  std::uint64_t checksum;
  std::uint64_t owner[2];

  [[nodiscard]] bool has_owner() const { return std::memcmp(magic, first_magic, sizeof magic) != 0; }
  [[nodiscard]] std::uint64_t bytes() const { return has_owner() ? sizeof(Head) : offsetof(Head, owner); }
};

/// Run, ingestion or change and task, which are the last parts of the path: no two indexes have both in common, and
/// they stay when the table lies elsewhere.
Hash128 owner_of(std::string_view path) {
  const auto name = path.rfind('/');
  const auto folder = name == std::string_view::npos || name == 0 ? name : path.rfind('/', name - 1);
  return xxh3_128(folder == std::string_view::npos ? path : path.substr(folder + 1));
}

constexpr std::string_view advice =
    "restore it from a copy, or delete it: the data file is searched then, and only what became of dropped documents "
    "is lost";

// Small enough to be one page, large enough that interpolation nearly always lands inside.
constexpr std::uint64_t window_entries = 128;

std::string_view bytes_of(const std::vector<IndexEntry>& entries) {
  return {reinterpret_cast<const char*>(entries.data()), entries.size() * sizeof(IndexEntry)};
}

Result<std::vector<IndexEntry>> read_entries(const std::string& path, const Head& head, std::uint64_t first,
                                             std::uint64_t count) {
  GRISTMILL_TRY(const auto bytes,
                io::read_range(path, head.bytes() + first * sizeof(IndexEntry), count * sizeof(IndexEntry)));
  if (bytes.size() != count * sizeof(IndexEntry))
    return corrupt_data(fmt::format("{}: index file is cut short: {}", path, advice));
  std::vector<IndexEntry> entries(count);
  std::memcpy(static_cast<void*>(entries.data()), bytes.data(), bytes.size());
  return entries;
}

Result<Head> read_head(const std::string& path) {
  GRISTMILL_TRY(const auto bytes, io::read_range(path, 0, sizeof(Head)));
  const auto begins_with = [&](const char (&start)[8]) {
    return bytes.size() >= sizeof start && std::memcmp(bytes.data(), start, sizeof start) == 0;
  };
  Head head{};
  std::memcpy(&head, bytes.data(), std::min(bytes.size(), sizeof head));
  if ((!begins_with(magic) && !begins_with(first_magic)) || bytes.size() < head.bytes())
    return corrupt_data(fmt::format("{} is not a document index: {}", path, advice));
  const auto owner = owner_of(path);
  if (head.has_owner() && (head.owner[0] != owner.high || head.owner[1] != owner.low))
    return corrupt_data(fmt::format("{} is the index of another data file: {}", path, advice));
  return head;
}

Result<std::string> outcome_name(const std::string& path, const Head& head, std::uint32_t outcome) {
  if (outcome == 0) return std::string();
  GRISTMILL_TRY(const auto names,
                io::read_range(path, head.bytes() + head.entry_count * sizeof(IndexEntry), head.names_bytes));
  std::string_view rest = names;
  for (std::uint32_t i = 1; i < outcome && !rest.empty(); ++i)
    rest.remove_prefix(std::min(rest.size(), rest.find('\n') + 1));
  if (rest.empty()) return corrupt_data(fmt::format("{}: outcome {} has no name", path, outcome));
  return std::string(rest.substr(0, rest.find('\n')));
}

}  // namespace

void DocumentIndexWriter::add_outcome(const Hash128& id, const std::string& operator_name, std::string_view reason) {
  auto name = fmt::format("{}\t{}", operator_name, reason);
  auto found = std::ranges::find(outcomes_, name);
  if (found == outcomes_.end()) found = outcomes_.insert(outcomes_.end(), std::move(name));
  entries_.push_back({id, 0, static_cast<std::uint32_t>(found - outcomes_.begin()) + 1});
}

Status DocumentIndexWriter::write(const std::string& path) {
  std::ranges::sort(
      entries_, [](const IndexEntry& a, const IndexEntry& b) { return std::tie(a.id, a.row) < std::tie(b.id, b.row); });
  std::string names;
  for (const auto& name : outcomes_) names.append(name).push_back('\n');
  Head head{.magic = {},
            .entry_count = entries_.size(),
            .names_bytes = names.size(),
            .checksum = xxh3_64(names, xxh3_64(bytes_of(entries_))),
            .owner = {}};
  const auto owner = owner_of(path);
  head.owner[0] = owner.high;
  head.owner[1] = owner.low;
  std::memcpy(head.magic, magic, sizeof magic);
  GRISTMILL_TRY(auto file, io::FileWriter::create(path));
  GRISTMILL_RETURN_IF_ERROR(file->write({reinterpret_cast<const char*>(&head), sizeof head}));
  GRISTMILL_RETURN_IF_ERROR(file->write(bytes_of(entries_)));
  GRISTMILL_RETURN_IF_ERROR(file->write(names));
  return file->publish();
}

Status find_all_in_index(const std::string& path, std::span<const Hash128> ids, const IndexUse& use) {
  GRISTMILL_TRY(const auto head, read_head(path));
  GRISTMILL_TRY(const auto size, io::file_size(path));
  if (head.entry_count > size / sizeof(IndexEntry) || head.names_bytes > size)
    return corrupt_data(fmt::format("{}: index file is cut short: {}", path, advice));
  GRISTMILL_TRY(const auto entries, read_entries(path, head, 0, head.entry_count));
  GRISTMILL_TRY(const auto names,
                io::read_range(path, head.bytes() + head.entry_count * sizeof(IndexEntry), head.names_bytes));
  if (xxh3_64(names, xxh3_64(bytes_of(entries))) != head.checksum)
    return corrupt_data(fmt::format("{}: the index does not match its checksum: {}", path, advice));
  std::vector<std::string_view> outcomes{""};
  for (std::string_view rest = names; !rest.empty(); rest.remove_prefix(outcomes.back().size() + 1))
    outcomes.push_back(rest.substr(0, rest.find('\n')));
  auto entry = entries.begin();
  for (std::size_t i = 0; i < ids.size() && entry != entries.end(); ++i) {
    entry = std::lower_bound(entry, entries.end(), ids[i],
                             [](const IndexEntry& one, const Hash128& id) { return one.id < id; });
    if (entry == entries.end() || entry->id != ids[i]) continue;
    if (entry->outcome >= outcomes.size())
      return corrupt_data(fmt::format("{}: outcome {} has no name", path, entry->outcome));
    use(i, outcomes[entry->outcome]);
  }
  return {};
}

Result<std::optional<IndexHit>> find_in_index(const std::string& path, const Hash128& id) {
  GRISTMILL_TRY(const auto head, read_head(path));
  std::uint64_t low = 0;
  std::uint64_t high = head.entry_count;
  bool is_first = true;
  while (low < high) {
    // Ids are uniform hashes, so the first guess is near; after it, halving keeps the bound logarithmic.
    const auto guess = is_first ? static_cast<std::uint64_t>(static_cast<double>(id.high) / 18446744073709551616.0 *
                                                             static_cast<double>(head.entry_count))
                                : low + (high - low) / 2;
    is_first = false;
    const auto begin = std::max(low, guess > window_entries / 2 ? guess - window_entries / 2 : 0);
    const auto count = std::min(window_entries, high - std::min(begin, high));
    if (count == 0) {
      high = begin;
      continue;
    }
    GRISTMILL_TRY(const auto entries, read_entries(path, head, begin, count));
    const auto found = std::ranges::lower_bound(entries, id, {}, &IndexEntry::id);
    if (found != entries.end() && found->id == id) {
      GRISTMILL_TRY(auto outcome, outcome_name(path, head, found->outcome));
      return std::optional(IndexHit{found->row, std::move(outcome)});
    }
    if (found == entries.begin()) {
      high = begin;
    } else if (found == entries.end()) {
      low = begin + count;
    } else {
      return std::optional<IndexHit>();
    }
  }
  return std::optional<IndexHit>();
}

}  // namespace gristmill::formats
