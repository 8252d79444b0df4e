// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "gristmill/base/result.h"
#include "gristmill/platform/workspace.h"
#include "listener.h"

namespace gristmill::server {

/// How to serve.
struct ServeOptions {
  ListenerOptions listener;
  double requests_a_second = 2000;  ///< Of one token or, without one, one address.
  std::size_t jobs_max = 1;          ///< Runs at once that clients start.
  bool allows_plain_remote = false;  ///< Listen beyond this machine without TLS.
  /// A line for each answer; may be empty.
  std::function<void(const std::string& line)> log;
  /// A line for what somebody should look after; may be empty. Called from any thread.
  std::function<void(const std::string& line)> warn;
};

/// What [server] of the workspace's settings says.
ServeOptions options_of(const platform::Workspace& workspace);

/// What is told once the server listens.
struct Started {
  std::string url;
  std::string token_file;  ///< Where the first admin token was written; empty when there were tokens before.
};

/// Serves the workspace until `stop` is set: the API, health, metrics, and what else is mounted. `started` is called
/// when requests are taken.
Status serve(const platform::Workspace& workspace, const ServeOptions& options,
             const std::function<void(const Started&)>& started, const std::atomic<bool>& stop);

}  // namespace gristmill::server
