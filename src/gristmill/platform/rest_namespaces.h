// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/platform/rest_call.h"

namespace gristmill::platform {

/// The requests about namespaces.
Result<RestResponse> list_namespaces(RestContext& context, const RestCall& call);
Result<RestResponse> create_namespace(RestContext& context, const RestCall& call);
Result<RestResponse> load_namespace(RestContext& context, const RestCall& call);
Result<RestResponse> namespace_exists(RestContext& context, const RestCall& call);
Result<RestResponse> drop_namespace(RestContext& context, const RestCall& call);
Result<RestResponse> update_namespace(RestContext& context, const RestCall& call);

}  // namespace gristmill::platform
