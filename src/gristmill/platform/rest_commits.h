// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/platform/rest_call.h"

namespace gristmill::platform {

/// The requests that change tables.
Result<RestResponse> commit_table(RestContext& context, const RestCall& call);
Result<RestResponse> commit_transaction(RestContext& context, const RestCall& call);

}  // namespace gristmill::platform
