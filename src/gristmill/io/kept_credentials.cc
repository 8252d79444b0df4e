// SPDX-License-Identifier: Apache-2.0
#include "gristmill/io/kept_credentials.h"

#include "gristmill/base/clock.h"

namespace gristmill::io {
namespace {

// A role's next credentials are there well before the last ones expire.
constexpr std::int64_t refresh_before_ms = 5 * 60 * 1000;
constexpr std::int64_t refresh_again_ms = 10 * 1000;

}  // namespace

Result<S3Credentials> KeptCredentials::get() {
  const std::scoped_lock lock(mutex_);
  if (!kept_) {
    GRISTMILL_TRY(kept_, load_s3_credentials(settings_));
  }
  const auto now = now_ms();
  const auto expires = kept_->expires_ms;
  if (expires == 0 || now < expires - refresh_before_ms || now < next_refresh_ms_) return *kept_;
  next_refresh_ms_ = now + refresh_again_ms;
  auto fresh = load_s3_credentials(settings_);
  // As long as they are good, a service that is out of sorts for a moment does no harm.
  if (!fresh && now >= expires) return std::move(fresh).error();
  if (fresh) kept_ = *std::move(fresh);
  return *kept_;
}

Result<S3Credentials> KeptCredentials::get_newest() {
  {
    const std::scoped_lock lock(mutex_);
    if (kept_ && kept_->expires_ms == 0) kept_.reset();
  }
  return get();
}

bool KeptCredentials::reload(const S3Credentials& refused) {
  const std::scoped_lock lock(mutex_);
  auto fresh = load_s3_credentials(settings_);
  if (!fresh || *fresh == refused) return false;
  kept_ = *std::move(fresh);
  return true;
}

std::string KeptCredentials::without_secrets(std::string text) const {
  const std::scoped_lock lock(mutex_);
  if (!kept_) return text;
  for (const auto& secret : {kept_->access_key, kept_->secret_key, kept_->session_token}) {
    for (auto at = text.find(secret); !secret.empty() && at != std::string::npos; at = text.find(secret, at))
      text.replace(at, secret.size(), "***");
  }
  return text;
}

}  // namespace gristmill::io
