// SPDX-License-Identifier: Apache-2.0
#include "router.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <exception>

#include "gristmill/platform/acting.h"
#include "request_check.h"

namespace gristmill::server {
namespace {

constexpr std::size_t unknown_body_bytes_max = std::size_t{64} * 1024;
constexpr std::size_t careful_above_bytes = std::size_t{64} * 1024;
constexpr std::size_t immediate_body_bytes_max = std::size_t{16} * 1024;

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  path.remove_prefix(1);
  while (true) {
    const auto end = std::min(path.find('/'), path.size());
    parts.emplace_back(path.substr(0, end));
    if (end == path.size()) return parts;
    path.remove_prefix(end + 1);
  }
}

bool is_variable(std::string_view part) { return part.starts_with('{'); }

/// Fills `values` with the variables of the template when it fits.
bool fits(const std::vector<std::string>& parts, const std::vector<std::string>& segments,
          std::vector<std::pair<std::string, std::string>>& values) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!is_variable(parts[i]) && parts[i] != segments[i]) return false;
  }
  values.clear();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (is_variable(parts[i])) values.emplace_back(parts[i].substr(1, parts[i].size() - 2), segments[i]);
  }
  return true;
}

std::string joined(const std::vector<std::string_view>& words) {
  std::string out;
  for (const auto word : words) out += fmt::format("{}{}", out.empty() ? "" : ", ", word);
  return out;
}

/// A refusal of ours as the mount's clients read it; headers such as Retry-After stay.
HttpResponse in_shape_of(const Mount& mount, const HttpResponse& refusal) {
  const auto document = Json::parse(refusal.body);
  auto shaped = mount.refuse(refusal.status, document ? (*document)["detail"].as_string() : std::string());
  for (const auto& header : refusal.headers) {
    if (!equal_names(header.first, "Content-Type")) shaped.headers.push_back(header);
  }
  return shaped;
}

bool allows(platform::Scope scope, Needs needs) {
  switch (needs) {
    case Needs::nothing:
    case Needs::read: return true;
    case Needs::write: return scope != platform::Scope::read;
    case Needs::admin: return scope == platform::Scope::admin;
  }
  return false;
}

std::string_view needed_scope(Needs needs) { return needs == Needs::admin ? "admin" : "write"; }

}  // namespace

std::string_view Call::text(std::string_view name) const {
  for (const auto& [key, value] : values) {
    if (key == name) return value;
  }
  return {};
}

bool Call::has(std::string_view name) const {
  return std::ranges::any_of(values, [&](const auto& item) { return item.first == name; });
}

std::int64_t Call::number(std::string_view name, std::int64_t fallback) const {
  const auto given = text(name);
  std::int64_t value = fallback;
  std::from_chars(given.data(), given.data() + given.size(), value);
  return value;
}

Router::Router(const platform::Workspace& workspace, RouterOptions options)
    : options_(std::move(options)),
      authenticator_(workspace),
      limit_(options_.requests_a_second, options_.requests_burst) {}

void Router::add(Route route) {
  templates_.push_back(split(route.path));
  routes_.push_back(std::make_unique<const Route>(std::move(route)));
  if (std::ranges::none_of(templates_.back(), is_variable))
    fixed_paths_[routes_.back()->path].push_back(routes_.back().get());
}

void Router::add(std::vector<Route> routes) {
  for (auto& route : routes) add(std::move(route));
}

void Router::add(Mount mount) { mounts_.push_back(std::make_unique<const Mount>(std::move(mount))); }

const Mount* Router::mount_of(std::string_view path) const {
  for (const auto& mount : mounts_) {
    if (path.starts_with(mount->prefix) && (path.size() == mount->prefix.size() || path[mount->prefix.size()] == '/'))
      return mount.get();
  }
  return nullptr;
}

/// The route whose path is written just so; nothing fits better.
const Route* Router::fixed_route(const HttpRequest& request) const {
  const auto found = fixed_paths_.find(request.path);
  if (found == fixed_paths_.end()) return nullptr;
  const auto place = std::ranges::find(found->second, request.method, &Route::method);
  return place == found->second.end() ? nullptr : *place;
}

Router::Match Router::match(const HttpRequest& request) const {
  Match found;
  if ((found.mount = mount_of(request.path)) != nullptr) return found;
  if (const auto* route = fixed_route(request)) {
    found.route = route;
    return found;
  }
  auto segments = parse_path(request.path);
  if (!segments) {
    found.refusal = request.path == "/" ? problem(404, "nothing is here; the API is below /api/v1")
                                        : problem(400, segments.error().message);
    return found;
  }
  // Fixed words go before variables: /runs/plan is no run. Only the routes of the path that fits best count.
  std::size_t fewest = segments->size() + 1;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (templates_[i].size() != segments->size()) continue;
    const auto& route = *routes_[i];
    std::vector<std::pair<std::string, std::string>> values;
    if (!fits(templates_[i], *segments, values) || values.size() > fewest) continue;
    if (values.size() < fewest) {
      fewest = values.size();
      found.route = nullptr;
      found.allowed.clear();
    }
    found.allowed.emplace_back(route.method);
    if (route.method == "GET") found.allowed.emplace_back("HEAD");
    if (route.method != request.method && (request.method != "HEAD" || route.method != "GET")) continue;
    found.route = &route;
    found.values = std::move(values);
  }
  if (found.route != nullptr) return found;
  if (found.allowed.empty()) {
    found.refusal = problem(404, fmt::format("there is nothing at {}; /api/v1/openapi.json tells what there is",
                                             request.path.substr(0, 200)));
    return found;
  }
  found.allowed.emplace_back("OPTIONS");
  const auto allowed = joined(found.allowed);
  found.refusal = request.method == "OPTIONS" ? HttpResponse{.status = 204}
                                              : problem(405, fmt::format("this resource takes {}", allowed));
  found.refusal->headers.emplace_back("Allow", allowed);
  return found;
}

bool Router::is_known_host(const HttpRequest& request) const {
  if (!options_.is_loopback) return true;
  auto host = request.header("Host");
  if (host.empty()) return true;  // HTTP/1.0: no browser.
  const auto end = host.starts_with('[') ? host.find(']') : host.rfind(':');
  if (end != std::string_view::npos) host = host.substr(0, host.starts_with('[') ? end + 1 : end);
  return equal_names(host, "localhost") || host == "127.0.0.1" || host == "[::1]" || host == options_.host;
}

std::optional<HttpResponse> Router::let_in(const HttpRequest& request, Match& match) {
  if (!is_known_host(request))
    return problem(421, "this server answers to names of its own machine only; ask for 127.0.0.1 or localhost");
  if (match.refusal) return match.refusal;
  const auto needs = match.route != nullptr ? match.route->needs : Needs::nothing;
  const bool is_open = match.mount != nullptr && match.mount->is_open && match.mount->is_open(request.path);
  if ((match.mount != nullptr && !is_open) || needs != Needs::nothing) {
    if (!match.principal) {
      auto known = authenticator_.identify(request);
      if (known.refusal) return std::move(known.refusal);
      match.principal = std::move(known.principal);
    }
    if (match.route != nullptr && match.principal->token_id.empty())
      return unauthorized("a token is needed: `Authorization: Bearer TOKEN`");
    if (!allows(match.principal->scope, needs))
      return problem(403, fmt::format("this needs a token of scope {}; yours has {}", needed_scope(needs),
                                      platform::to_string(match.principal->scope)));
  }
  if (match.route != nullptr && match.route->is_unlimited) return std::nullopt;
  const auto& name = match.principal && !match.principal->token_id.empty() ? match.principal->token_id : request.remote;
  if (const auto seconds = limit_.take(name)) return too_many(*seconds, "too many requests; slow down");
  return std::nullopt;
}

/// The network's thread handles what is short and waits for nothing, not even for the database to say who calls.
bool Router::is_immediate(const HttpRequest& head, Match& match, std::optional<std::uint64_t> body_bytes) {
  if (!match.route->is_immediate || !body_bytes || *body_bytes > immediate_body_bytes_max) return false;
  if (match.route->needs == Needs::nothing) return true;
  match.principal = authenticator_.recall(head);
  return match.principal.has_value();
}

std::optional<HttpResponse> Router::vet(const HttpRequest& head, Match& match, std::size_t body_bytes_max) {
  try {
    auto refusal = let_in(head, match);
    const bool is_stranger = !match.principal || match.principal->token_id.empty();
    if (!refusal && is_stranger && body_bytes_max > unknown_body_bytes_max)
      refusal = unauthorized("a token is needed to send this much");
    if (refusal && match.mount != nullptr && match.mount->refuse) return in_shape_of(*match.mount, *refusal);
    return refusal;
  } catch (const std::exception& exception) {
    return problem(500, fmt::format("the request failed: {}", exception.what()));
  }
}

Admission Router::admit(const HttpRequest& head, std::optional<std::uint64_t> body_bytes) {
  auto found = std::make_shared<Match>(match(head));
  Admission admission{.handle = {}, .body_bytes_max = unknown_body_bytes_max, .refusal = {}};
  if (found->route != nullptr) {
    admission.body_bytes_max = found->route->body.is_null() ? unknown_body_bytes_max : found->route->body_bytes_max;
    admission.is_immediate = is_immediate(head, *found, body_bytes);
    admission.is_urgent = found->route->is_urgent;
    if (auto fault = check_length(*found->route, head)) admission.refusal = std::move(fault);
  } else if (found->mount != nullptr) {
    admission.body_bytes_max = found->mount->body_bytes_max;
  }
  // Nobody sends us many bytes before we know who it is.
  if (!admission.refusal && (!body_bytes || *body_bytes > careful_above_bytes)) {
    if (!found->principal) found->principal = authenticator_.recall(head);
    if (found->principal || !head.has_header("Authorization")) {
      admission.refusal = vet(head, *found, admission.body_bytes_max);
    } else {
      // The network's thread does not wait for the database.
      admission.vet = [this, found, limit = admission.body_bytes_max](const HttpRequest& asked) {
        return vet(asked, *found, limit);
      };
    }
  }
  admission.handle = [this, found = std::move(found)](const std::shared_ptr<HttpRequest>& request, const Reply& reply) {
    handle(request, *found, reply);
  };
  return admission;
}

void Router::handle(const std::shared_ptr<HttpRequest>& request, Match& match, const Reply& reply) {
  // The border: what the standard library throws, for want of memory say, ends this request and no other.
  try {
    dispatch(request, match, reply);
  } catch (const std::exception& exception) {
    reply(problem(500, fmt::format("the request failed: {}", exception.what())));
  }
}

void Router::dispatch(const std::shared_ptr<HttpRequest>& request, Match& match, const Reply& reply) {
  if (request->path == "*" && request->method == "OPTIONS") return reply({.status = 204});
  request->answered_by = name_of(match);
  if (auto refusal = let_in(*request, match)) {
    return reply(match.mount != nullptr && match.mount->refuse ? in_shape_of(*match.mount, *refusal)
                                                               : *std::move(refusal));
  }
  auto principal = std::move(match.principal).value_or(platform::Principal());
  const platform::ActingAs acting(principal.token_id.empty() ? std::string() : "token:" + principal.name);
  if (match.mount != nullptr) return reply(match.mount->handle(*request, principal));
  auto call = std::make_shared<Call>();
  call->request = request;
  call->principal = std::move(principal);
  call->values = std::move(match.values);
  if (auto fault = check_request(*match.route, *call)) return reply(*std::move(fault));
  if (match.route->handle_later) return match.route->handle_later(call, reply);
  reply(match.route->handle(*call));
}

std::string_view Router::name_of(const Match& found) {
  if (found.mount != nullptr) return found.mount->name;
  return found.route != nullptr ? std::string_view(found.route->id) : "none";
}

}  // namespace gristmill::server
