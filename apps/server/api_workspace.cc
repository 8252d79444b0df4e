// SPDX-License-Identifier: Apache-2.0
#include "api.h"
#include "schema.h"

namespace gristmill::server {

std::vector<Route> workspace_routes(Backend& backend) {
  Route version{.method = "GET",
                .path = "/api/v1/version",
                .id = "show_version",
                .tag = "workspace",
                .summary = "The program's version.",
                .needs = Needs::nothing,
                .answers = {{200, "The version.", open_object({{"version", schema_of("string")}})}},
                .is_immediate = true};
  version.handle = [](const Call&) {
    return json_response(200, Json::object({{"version", platform::program_version()}}));
  };
  Route workspace{.method = "GET",
                  .path = "/api/v1/workspace",
                  .id = "show_workspace",
                  .tag = "workspace",
                  .summary = "The workspace that this server serves.",
                  .answers = {{200, "The workspace.",
                               open_object({{"name", schema_of("string")},
                                            {"profile", schema_of("string")},
                                            {"database", schema_of("string")},
                                            {"version", schema_of("string")}})}}};
  workspace.handle = [&backend](const Call&) {
    const auto& settings = backend.workspace.settings();
    return json_response(200, Json::object({{"name", settings.name},
                                            {"profile", settings.profile},
                                            {"database", backend.workspace.database().dialect()},
                                            {"version", platform::program_version()}}));
  };
  return {std::move(version), std::move(workspace)};
}

}  // namespace gristmill::server
