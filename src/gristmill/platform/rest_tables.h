// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/platform/rest_call.h"
#include "gristmill/store/metadata.h"

namespace gristmill::platform {

/// The requests about tables other than commits.
Result<RestResponse> list_tables(RestContext& context, const RestCall& call);
Result<RestResponse> create_table(RestContext& context, const RestCall& call);
Result<RestResponse> load_table(RestContext& context, const RestCall& call);
Result<RestResponse> table_exists(RestContext& context, const RestCall& call);
Result<RestResponse> drop_table(RestContext& context, const RestCall& call);
Result<RestResponse> rename_table(RestContext& context, const RestCall& call);
Result<RestResponse> register_table(RestContext& context, const RestCall& call);

/// A table as clients load it. Without a location it is one that is only staged.
RestResponse table_answer(const RestContext& context, const RestCall& call, const store::TableMetadata& metadata,
                          const std::string& metadata_location);

/// Refuses a table whose uuid another one has.
Status check_uuid_is_free(RestContext& context, meta::Transaction& transaction, const std::string& uuid,
                          const store::TableName& name);

}  // namespace gristmill::platform
