// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "gristmill/engine/journal.h"
#include "gristmill/meta/database.h"

namespace gristmill::platform {

/// Keeps finished tasks of one run in the metadata database.
class RunJournal final : public engine::Journal {
 public:
  RunJournal(meta::Database& database, std::string run_id) : database_(database), run_id_(std::move(run_id)) {}
  Status record(std::span<const engine::TaskRecord> finished) override;
  Result<std::vector<engine::TaskRecord>> finished(const std::string& stage) override;

 private:
  meta::Database& database_;
  std::string run_id_;
};

}  // namespace gristmill::platform
