// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "gristmill/base/result.h"
#include "gristmill/io/s3_signature.h"

namespace gristmill::io {

/// Temporary credentials of the role under which a container or a machine of AWS runs: from the address in
/// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or AWS_CONTAINER_CREDENTIALS_FULL_URI, else from the instance metadata
/// service (version 2; AWS_EC2_METADATA_SERVICE_ENDPOINT, off with AWS_EC2_METADATA_DISABLED=true). `not_found` where
/// there is no such service or no role; `invalid_argument` for an address to which no secret is to go.
Result<S3Credentials> load_role_credentials();

/// Credentials as both services write them: AccessKeyId, SecretAccessKey, Token, Expiration.
Result<S3Credentials> parse_role_credentials(std::string_view text);

}  // namespace gristmill::io
