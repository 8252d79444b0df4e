// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "listener.h"

namespace gristmill::server {

/// Has the listener take up a TLS certificate that was renewed in its files. For one thread, not the network's.
class CertificateWatch {
 public:
  /// `warn`: told of files that are no good; the certificate before goes on then. May be empty.
  CertificateWatch(Listener& listener, const ListenerOptions& options,
                   std::function<void(const std::string& line)> warn);
  /// To be called often; looks at the files now and then.
  void look();

 private:
  [[nodiscard]] std::string state() const;

  Listener& listener_;
  std::string certificate_file_, key_file_;
  std::function<void(const std::string& line)> warn_;
  std::string loaded_;  ///< What the files were when they were read,
  std::string seen_;    ///< and when they were looked at last: they are read once they rest.
  std::chrono::steady_clock::time_point looked_at_;
};

}  // namespace gristmill::server
