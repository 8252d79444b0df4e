// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/ingest_turn.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "gristmill/base/hash.h"

namespace gristmill::platform {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds silence{1000};  // So long a wait is not worth a word.
constexpr std::chrono::milliseconds step{100};

/// Says once what is waited for, and whether to go on waiting.
class Waiting {
 public:
  Waiting(std::string what, const WorkOptions& options) : what_(std::move(what)), options_(options) {}

  [[nodiscard]] bool should_stop() {
    if (!is_told_ && Clock::now() - began_ > silence) {
      is_told_ = true;
      if (options_.progress != nullptr) options_.progress->enter(what_);
      if (options_.tell) options_.tell(what_);
    }
    return options_.stop != nullptr && options_.stop->load();
  }

 private:
  std::string what_;
  const WorkOptions& options_;
  Clock::time_point began_ = Clock::now();
  bool is_told_ = false;
};

}  // namespace

Result<IngestTurn> IngestTurn::wait(const Workspace& workspace, const std::string& source, const std::string& dataset,
                                    const WorkOptions& options) {
  Waiting waiting(fmt::format("waiting for another ingestion of {} into {}", source, dataset), options);
  const auto pair = sha256_hex(source + "\n" + dataset).substr(0, 24);
  GRISTMILL_TRY(auto file, io::LockFile::wait(fmt::format("{}/.gristmill/locks/{}", workspace.folder(), pair),
                                              [&] { return waiting.should_stop(); }));
  std::unique_ptr<meta::HeldName> name;
  // Machines that share a server's catalog have folders of their own.
  while (workspace.database().dialect() == "postgres") {
    GRISTMILL_TRY(name, workspace.database().try_hold(fmt::format("ingest {} into {}", source, dataset)));
    if (name != nullptr) break;
    if (waiting.should_stop())
      return Error{ErrorCode::interrupted,
                   fmt::format("stopped while waiting: another machine ingests {} into {}", source, dataset)};
    std::this_thread::sleep_for(step);
  }
  return IngestTurn(std::move(file), std::move(name));
}

}  // namespace gristmill::platform
