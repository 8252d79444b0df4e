// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace gristmill::platform {

/// Names whoever the calling thread acts for while it lives: audit entries then carry that name instead of the
/// process's user. For servers, whose one process works for many.
class ActingAs {
 public:
  explicit ActingAs(std::string name);
  ~ActingAs();
  ActingAs(const ActingAs&) = delete;
  ActingAs& operator=(const ActingAs&) = delete;

 private:
  std::string before_;
};

/// Whom the calling thread acts for; empty = the process's user.
const std::string& acting_as();

}  // namespace gristmill::platform
