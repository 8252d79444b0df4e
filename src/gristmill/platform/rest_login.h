// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/platform/rest_call.h"

namespace gristmill::platform {

/// Gives a token for a client's secret (RFC 6749, client credentials; the secret in the form or as HTTP Basic) or for
/// another token (RFC 8693). The secret is one of the server's tokens, and is the answer.
Result<RestResponse> exchange_token(RestContext& context, const RestCall& call);

}  // namespace gristmill::platform
