// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "access.h"
#include "http.h"
#include "listener.h"
#include "route.h"

namespace gristmill::server {

/// Rules that hold for all routes.
struct RouterOptions {
  bool is_loopback = true;        ///< Then only hosts of this machine may be named: no DNS rebinding.
  std::string host;               ///< As listened to.
  double requests_a_second = 2000;  ///< Of each token; without one, of each address.
  double requests_burst = 4000;
};

/// Finds the route of a request, lets in who may, checks what was sent, calls the handler. Routes and mounts are added
/// before the first request; then it is thread-safe.
class Router {
 public:
  Router(const platform::Workspace& workspace, RouterOptions options);

  void add(Route route);
  void add(std::vector<Route> routes);
  void add(Mount mount);
  [[nodiscard]] const std::vector<std::unique_ptr<const Route>>& routes() const { return routes_; }

  /// `body_bytes`: what the client announces; nothing for a chunked body.
  Admission admit(const HttpRequest& head, std::optional<std::uint64_t> body_bytes);

 private:
  struct Match {
    const Route* route = nullptr;
    const Mount* mount = nullptr;
    std::vector<std::pair<std::string, std::string>> values;
    std::vector<std::string_view> allowed;  ///< Methods of the path, when the method does not fit.
    std::optional<platform::Principal> principal;  ///< Who calls, once that is known.
    std::optional<HttpResponse> refusal;
  };
  /// For the metrics: an operation's id, a mount's name or "none".
  static std::string_view name_of(const Match& found);
  [[nodiscard]] const Route* fixed_route(const HttpRequest& request) const;
  [[nodiscard]] Match match(const HttpRequest& request) const;
  [[nodiscard]] const Mount* mount_of(std::string_view path) const;
  [[nodiscard]] bool is_known_host(const HttpRequest& request) const;
  std::optional<HttpResponse> let_in(const HttpRequest& request, Match& match);
  /// Whether a body of that many bytes may be read from whoever sends the head. May ask the database.
  std::optional<HttpResponse> vet(const HttpRequest& head, Match& match, std::size_t body_bytes_max);
  void handle(const std::shared_ptr<HttpRequest>& request, Match& match, const Reply& reply);
  void dispatch(const std::shared_ptr<HttpRequest>& request, Match& match, const Reply& reply);
  [[nodiscard]] bool is_immediate(const HttpRequest& head, Match& match, std::optional<std::uint64_t> body_bytes);

  RouterOptions options_;
  Authenticator authenticator_;
  RateLimit limit_;
  std::vector<std::unique_ptr<const Route>> routes_;
  std::vector<std::vector<std::string>> templates_;  ///< Path of each route, split.
  std::unordered_map<std::string_view, std::vector<const Route*>> fixed_paths_;  ///< Routes without variables.
  std::vector<std::unique_ptr<const Mount>> mounts_;
};

}  // namespace gristmill::server
