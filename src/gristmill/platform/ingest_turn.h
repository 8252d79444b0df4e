// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "gristmill/io/lock_file.h"
#include "gristmill/meta/database.h"
#include "gristmill/platform/ingest.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// The turn to land batches of one source in one dataset: overlapping batches must see what the other landed. Held by
/// one process at a time, on this machine by a file and, where the catalog is on a server, over all machines by a name
/// there. A process that dies gives it back. It is given up with this.
class IngestTurn {
 public:
  /// Waits for the turn, says so when it takes longer; `interrupted` once the work is to stop.
  static Result<IngestTurn> wait(const Workspace& workspace, const std::string& source, const std::string& dataset,
                                 const WorkOptions& options);
  /// False once the connection to the catalog's server was cut: somebody else may have the turn now.
  [[nodiscard]] bool is_held() const { return name_ == nullptr || name_->is_held(); }

 private:
  IngestTurn(std::unique_ptr<io::LockFile> file, std::unique_ptr<meta::HeldName> name)
      : file_(std::move(file)), name_(std::move(name)) {}

  std::unique_ptr<io::LockFile> file_;
  std::unique_ptr<meta::HeldName> name_;
};

}  // namespace gristmill::platform
