// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "gristmill/base/clock.h"
#include "gristmill/store/table.h"

namespace gristmill::store {
namespace {

constexpr std::size_t names_shown = 10;

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Error unknown_version(const TableName& name, std::string_view selector, const TableMetadata& metadata) {
  std::string known;
  std::size_t shown = 0;
  for (const auto& reference : metadata.references()) {
    if (reference.name == "main" || shown == names_shown) continue;
    known += (shown++ == 0 ? "" : ", ") + reference.name;
  }
  return not_found(fmt::format(
      "dataset {} has no version \"{}\": give v1, v2, ..., a release{}{}{}, a snapshot id or a time such as "
      "2026-11-01T00:00:00Z",
      name.text(), selector.substr(0, 100), known.empty() ? "" : " (", known, known.empty() ? "" : ")"));
}

}  // namespace

bool Table::has_version(std::string_view id) const {
  const auto number = parse_number<std::int64_t>(id);
  return number && metadata_.find_snapshot(*number) != nullptr;
}

Result<Snapshot> Table::resolve_version(std::string_view selector) const {
  const auto& all = metadata_.snapshots();
  const Snapshot* found = nullptr;
  const auto references = metadata_.references();
  const auto reference = std::ranges::find(references, selector, &Reference::name);
  // What is kept by its id cannot be hidden by a tag or branch with that name.
  if (has_version(selector)) {
    found = metadata_.find_snapshot(*parse_number<std::int64_t>(selector));
  } else if (reference != references.end()) {
    found = metadata_.find_snapshot(reference->snapshot_id);
  } else if (selector.empty() || selector == "latest" || selector == "main") {
    found = metadata_.current_snapshot();
    if (found == nullptr) return not_found(fmt::format("dataset {} has no version yet", name_.text()));
  } else if (const auto ordinal = selector.starts_with('v') ? parse_number<std::int64_t>(selector.substr(1))
                                                            : std::nullopt) {
    // Counts commits by the sequence number, so that a version keeps its number when earlier ones expire.
    const auto same = std::ranges::find(all, *ordinal, &Snapshot::sequence_number);
    found = same == all.end() || *ordinal < 1 ? nullptr : &*same;
  } else if (const auto time = parse_number<std::int64_t>(selector) ? std::nullopt : parse_iso8601(selector)) {
    found = metadata_.snapshot_at(*time);
    if (found == nullptr && !all.empty())
      return not_found(
          fmt::format("dataset {} has no version of {}: none was made yet, or it has expired", name_.text(), selector));
  }
  if (found == nullptr) return unknown_version(name_, selector, metadata_);
  return *found;
}

}  // namespace gristmill::store
