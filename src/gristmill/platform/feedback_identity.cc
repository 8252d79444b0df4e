// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/feedback_identity.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <string_view>

#include "gristmill/base/clock.h"
#include "gristmill/base/hash.h"
#include "gristmill/io/file.h"
#include "gristmill/platform/feedback.h"

namespace gristmill::platform {
namespace {

std::string random_name() {
  std::random_device random;
  return Hash128{(std::uint64_t{random()} << 32) | random(), (std::uint64_t{random()} << 32) | random()}.hex();
}

std::string tenure_path(const Workspace& workspace) { return feedback_folder(workspace) + "/tenure"; }

/// What the folder knows: the tenure before the last, and the last, a line each. Which of them the catalog has depends
/// on whether the process that began the last was killed in between.
Result<std::string> known_tenures(const Workspace& workspace) {
  const auto path = tenure_path(workspace);
  return io::exists(path) ? io::read_file(path) : Result<std::string>(std::string());
}

std::string last_tenure(const std::string& known) {
  const auto begin = known.find('\n') + 1;
  return begin == 0 ? std::string() : known.substr(begin, known.find('\n', begin) - begin);
}

Error copied(const Workspace& workspace) {
  const auto folder = feedback_folder(workspace);
  return Error{
      ErrorCode::check_failed,
      fmt::format("the feedback log in {} was copied and another copy of it opened on this catalog since, or the "
                  "catalog was set back: the events of two copies would be taken for each other's. If no other copy "
                  "took events, remove {}; else give this one another folder (feedback.path)",
                  folder, tenure_path(workspace))};
}

/// The last tenure of a log as the catalog knows it; empty for none.
Result<std::string> recorded_tenure(meta::Transaction& transaction, const std::string& log_id) {
  GRISTMILL_TRY(const auto rows, transaction.query("SELECT tenure FROM feedback_logs WHERE log_id = ?", {log_id}));
  return rows.empty() ? std::string() : meta::text(rows[0][0]);
}

}  // namespace

Result<std::string> feedback_log_id(const Workspace& workspace) {
  const auto path = feedback_folder(workspace) + "/identity";
  if (!io::exists(path)) GRISTMILL_RETURN_IF_ERROR(io::write_file(path, random_name() + "\n"));
  GRISTMILL_TRY(auto text, io::read_file(path));
  Hash128 id;
  if (!Hash128::parse(std::string_view(text).substr(0, 32), id))
    return corrupt_data(fmt::format("{} does not hold the name of a feedback log", path));
  return id.hex();
}

Result<std::uint64_t> compacted_through(const Workspace& workspace, const std::string& log_id) {
  std::uint64_t through = 0;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(const auto rows,
                  transaction.query("SELECT compacted_through FROM feedback_logs WHERE log_id = ?", {log_id}));
    through = rows.empty() ? 0 : static_cast<std::uint64_t>(meta::integer(rows[0][0]));
    return {};
  }));
  return through;
}

Status begin_feedback_tenure(const Workspace& workspace, const std::string& log_id) {
  GRISTMILL_TRY(const auto known, known_tenures(workspace));
  std::string before;
  GRISTMILL_RETURN_IF_ERROR(workspace.database().read([&](meta::Transaction& transaction) -> Status {
    GRISTMILL_TRY(before, recorded_tenure(transaction, log_id));
    return {};
  }));
  if (!known.empty() && known.find(before) == std::string::npos) return copied(workspace);
  auto tenure = random_name();
  if (auto noted = io::write_file(tenure_path(workspace), fmt::format("{}\n{}\n", before, tenure)); !noted) {
    if (noted.error().code != ErrorCode::unavailable) return noted;
    // On a full disk the one before goes on: a copy that begins one of its own shuts us out all the same.
    tenure = last_tenure(known);
  }
  return workspace.database().write([&](meta::Transaction& transaction) -> Status {
    auto inserted = transaction.execute(
        "INSERT INTO feedback_logs (log_id, compacted_through, updated_at) VALUES (?, 0, ?) ON CONFLICT DO NOTHING",
        {log_id, now_iso8601()});
    if (!inserted) return std::move(inserted).error();
    GRISTMILL_TRY(const auto begun, transaction.execute("UPDATE feedback_logs SET tenure = ?, updated_at = ? "
                                                        "WHERE log_id = ? AND COALESCE(tenure, '') = ?",
                                                        {tenure, now_iso8601(), log_id, before}));
    return begun == 1 ? Status() : Status(copied(workspace));
  });
}

Result<std::string> feedback_tenure(const Workspace& workspace) {
  GRISTMILL_TRY(const auto known, known_tenures(workspace));
  return last_tenure(known);
}

Status check_feedback_tenure(const Workspace& workspace, meta::Transaction& transaction, const std::string& log_id,
                             const std::string& tenure) {
  GRISTMILL_TRY(const auto recorded, recorded_tenure(transaction, log_id));
  return recorded == tenure ? Status() : Status(copied(workspace));
}

}  // namespace gristmill::platform
