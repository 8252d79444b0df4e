// SPDX-License-Identifier: Apache-2.0
#include "gristmill/platform/role_keys.h"

#include <cstdlib>

#include "gristmill/io/object_path.h"
#include "gristmill/io/s3_settings.h"

namespace gristmill::platform {

Status pass_role_keys(const Workspace& workspace) {
  const auto& objects = workspace.settings().objects;
  const bool is_named = !objects.profile.empty() || !objects.credentials_file.empty();
  if (is_named || !io::is_object(workspace.warehouse())) return {};
  GRISTMILL_TRY(const auto keys, io::load_s3_credentials(objects));
  ::setenv("AWS_ACCESS_KEY_ID", keys.access_key.c_str(), 1);
  ::setenv("AWS_SECRET_ACCESS_KEY", keys.secret_key.c_str(), 1);
  if (keys.session_token.empty()) {
    ::unsetenv("AWS_SESSION_TOKEN");
  } else {
    ::setenv("AWS_SESSION_TOKEN", keys.session_token.c_str(), 1);
  }
  return {};
}

}  // namespace gristmill::platform
