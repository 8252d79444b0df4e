// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"
#include "gristmill/feedback/log.h"
#include "gristmill/platform/workspace.h"

namespace gristmill::platform {

/// Who sends, and under which key a request may be sent again.
struct FeedbackSender {
  std::string scope;            ///< Keys of different scopes (users, tokens) are different keys.
  std::string idempotency_key;  ///< Of the request as a whole; events without a key of their own get one from it.
};

class RedactionPool;

/// Turns requests into events to be stored: checks them, and applies the policies on consent and personal data. Const
/// and thread-safe.
class FeedbackIntake {
 public:
  static Result<FeedbackIntake> make(const FeedbackSettings& settings);
  ~FeedbackIntake();
  FeedbackIntake(FeedbackIntake&&) noexcept;
  FeedbackIntake& operator=(FeedbackIntake&&) noexcept;

  /// Takes one event, a list of events, or {"events": [...], "idempotency_key": ...}. All or none: the error says which
  /// event is wrong and how. `denied`: a policy refuses.
  [[nodiscard]] Result<std::vector<feedback::NewEvent>> read(std::string_view body, const FeedbackSender& sender) const;

 private:
  FeedbackIntake(const FeedbackSettings& settings, std::unique_ptr<RedactionPool> redactions);
  Result<feedback::NewEvent> take(const Json& event, const FeedbackSender& sender, std::string_view request_key,
                                  std::size_t index) const;

  FeedbackSettings settings_;
  std::unique_ptr<RedactionPool> redactions_;  ///< Null: personal data is kept.
};

}  // namespace gristmill::platform
