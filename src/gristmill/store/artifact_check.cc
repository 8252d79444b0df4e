// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <mutex>
#include <utility>

#include "gristmill/store/artifacts.h"

namespace gristmill::store {
namespace {

/// Checks a pack; gives what is whole of it and adds what is not to `faults`.
Result<std::vector<PackEntry>> check_pack(const Pack& pack, const PackStore& store, std::vector<std::string>& faults) {
  std::vector<PackEntry> whole;
  for (const auto& entry : pack.entries) {
    auto content = store.read(pack, entry);
    // A disk or server that does not answer says nothing about the bytes.
    if (!content && content.error().code != ErrorCode::corrupt_data) return std::move(content).error();
    if (!content) {
      faults.push_back(content.error().message);
    } else if (!entry.digest.matches(*content)) {
      faults.push_back(store.path_of(pack) + ": the chunk " + entry.digest.text() + " has another digest");
    } else {
      whole.push_back(entry);
    }
  }
  return whole;
}

/// Writes the entries of a damaged pack that are whole into a new one, then takes the old one out.
Status replace_pack(const Pack& pack, const std::vector<PackEntry>& whole, PackStore& store) {
  PackWriter writer(store.folder());
  for (const auto& entry : whole) {
    GRISTMILL_TRY(const auto content, store.read(pack, entry));
    GRISTMILL_RETURN_IF_ERROR(writer.add(entry.digest, content));
  }
  if (!whole.empty()) {
    GRISTMILL_TRY(auto saved, writer.publish());
    store.adopt(std::move(saved));
  }
  return store.take_out(pack);
}

}  // namespace

Result<CheckedPacks> check_packs(PackStore& store, const ArtifactWork& work, bool mends) {
  CheckedPacks checked;
  for (const auto& index : store.damaged_indexes()) {
    checked.faults.push_back(index.what);
    if (mends) GRISTMILL_RETURN_IF_ERROR(store.take_out(index));
    checked.taken_out += mends ? 1 : 0;
  }
  const auto packs = store.packs();
  checked.packs = packs.size();
  std::mutex mutex;
  const auto check = [&](std::size_t i, int) -> Status {
    std::vector<std::string> faults;
    GRISTMILL_TRY(const auto whole, check_pack(*packs[i], store, faults));
    const bool is_replaced = mends && !faults.empty();
    if (is_replaced) GRISTMILL_RETURN_IF_ERROR(replace_pack(*packs[i], whole, store));
    const std::scoped_lock lock(mutex);
    checked.bytes += packs[i]->bytes;
    checked.taken_out += is_replaced ? 1 : 0;
    checked.faults.insert(checked.faults.end(), faults.begin(), faults.end());
    return {};
  };
  GRISTMILL_RETURN_IF_ERROR(for_each_piece(packs.size(), work, check));
  std::ranges::sort(checked.faults);
  return checked;
}

}  // namespace gristmill::store
