// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "route.h"

namespace gristmill::server {

/// What is wrong with the announced body of a request: a route that takes one wants its length or chunks (411).
std::optional<HttpResponse> check_length(const Route& route, const HttpRequest& head);

/// Checks a request against its route and fills in what the handler gets: parameters of the query (400, 422), the
/// answer's media type (406), the body's type and encoding (415), its JSON (400) and schema (422).
std::optional<HttpResponse> check_request(const Route& route, Call& call);

/// Whether an Accept header takes a media type; an absent header takes all.
bool accepts(std::string_view accept, std::string_view media_type);

}  // namespace gristmill::server
