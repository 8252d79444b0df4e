// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "gristmill/platform/rest_call.h"

namespace gristmill::platform {

/// How long the answer to a request with an Idempotency-Key is kept, and the same as clients are told.
inline constexpr std::int64_t replay_lifetime_ms = std::int64_t{30} * 60 * 1000;
inline constexpr std::string_view replay_lifetime_iso = "PT30M";

/// The answer that a request with this key got before; nothing when it is new. The same key with another request is
/// answered with a refusal.
Result<std::optional<RestResponse>> replay(const RestContext& context, const RestCall& call);

/// Keeps an answer in the transaction that does what was asked; does nothing without a key. `conflict` when the same
/// request was just answered elsewhere.
Status remember(meta::Transaction& transaction, const RestCall& call, const RestResponse& response);
/// The same for answers that show a table: they are made again from its metadata file.
Status remember_table(meta::Transaction& transaction, const RestCall& call, const store::TableName& name,
                      const std::string& metadata_location);

}  // namespace gristmill::platform
