// SPDX-License-Identifier: Apache-2.0
#include "serve.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <thread>

#include "api.h"
#include "certificate_watch.h"
#include "gristmill/io/file.h"
#include "gristmill/platform/access_tokens.h"
#include "router.h"

namespace gristmill::server {
namespace {

Status check_options(const ServeOptions& options) {
  const auto& listener = options.listener;
  if (listener.certificate_file.empty() != listener.key_file.empty())
    return invalid_argument("TLS needs both: --tls-certificate FILE and --tls-key FILE");
  if (listener.certificate_file.empty() && !is_loopback(listener.host) && !options.allows_plain_remote) {
    return invalid_argument(
        fmt::format("--host {} is reached by other machines, and tokens would cross the network unencrypted: give "
                    "--tls-certificate and --tls-key, or say --plain-http when a proxy in front does TLS",
                    listener.host));
  }
  return {};
}

/// The working folder changes once the server serves, and the files of the certificate are read again later.
ListenerOptions with_whole_paths(ListenerOptions options) {
  for (auto* file : {&options.certificate_file, &options.key_file}) {
    if (!file->empty()) *file = std::filesystem::absolute(*file).string();
  }
  return options;
}

/// Writes the first admin token to a file that only its owner reads; never to a log.
Result<std::string> write_first_token(const platform::Workspace& workspace) {
  GRISTMILL_TRY(const auto token, platform::ensure_admin_token(workspace));
  if (!token) return std::string();
  const auto path = workspace.folder() + "/.gristmill/admin-token";
  const auto before = ::umask(0077);
  const auto written = io::write_file(path, *token + "\n");
  ::umask(before);
  if (!written) return written.error();
  return path;
}

/// Null when another process, a second server say, takes the feedback of this workspace.
Result<std::unique_ptr<platform::FeedbackService>> start_feedback(const platform::Workspace& workspace,
                                                                  const ServeOptions& options) {
  auto service = platform::FeedbackService::start(workspace, options.warn);
  if (service || service.error().code != ErrorCode::conflict) return service;
  if (options.warn) options.warn("no feedback is taken here: " + service.error().message);
  return std::unique_ptr<platform::FeedbackService>();
}

Status add_routes(Router& router, Backend& backend) {
  router.add(health_routes(backend));
  router.add(workspace_routes(backend));
  router.add(dataset_routes(backend));
  router.add(ingestion_routes(backend));
  router.add(run_routes(backend));
  router.add(catalog_routes(backend));
  router.add(release_routes(backend));
  router.add(feedback_route(backend));
  GRISTMILL_TRY(auto iceberg, iceberg_mount(backend));
  router.add(std::move(iceberg));
  router.add(openapi_route(router));
  return {};
}

Service make_service(Router& router, Backend& backend, const ServeOptions& options) {
  Service service;
  service.admit = [&router](const HttpRequest& head, std::optional<std::uint64_t> body_bytes) {
    return router.admit(head, body_bytes);
  };
  service.note = [&backend, &options](const HttpRequest& request, int status, std::uint64_t bytes, double seconds) {
    backend.metrics.note(request.answered_by, request.method, status, bytes, seconds);
    if (options.log) {
      options.log(fmt::format("{} {} {} {} {} {} {:.6f}", request.remote, request.request_id, request.method,
                              request.path, status, bytes, seconds));
    }
  };
  return service;
}

}  // namespace

ServeOptions options_of(const platform::Workspace& workspace) {
  const auto& settings = workspace.settings().server;
  const auto path_of = [&](const std::string& file) {
    return file.empty() ? file : (std::filesystem::path(workspace.folder()) / file).lexically_normal().string();
  };
  ServeOptions options;
  options.listener.host = settings.host;
  options.listener.port = settings.port;
  options.listener.certificate_file = path_of(settings.tls_certificate);
  options.listener.key_file = path_of(settings.tls_key);
  options.listener.threads = settings.threads;
  options.listener.connections_max = settings.connections;
  options.listener.bodies_bytes_max = settings.body_memory_bytes;
  options.requests_a_second = settings.rate;
  options.jobs_max = static_cast<std::size_t>(settings.jobs);
  options.allows_plain_remote = settings.plain_http;
  return options;
}

Status serve(const platform::Workspace& workspace, const ServeOptions& options,
             const std::function<void(const Started&)>& started, const std::atomic<bool>& stop) {
  GRISTMILL_RETURN_IF_ERROR(check_options(options));
  platform::RunJobs jobs(workspace, options.jobs_max);
  Backend backend{.workspace = workspace, .jobs = jobs, .metrics = {}, .listener_figures = {}, .is_stopping = {}};
  Router router(workspace, {.is_loopback = is_loopback(options.listener.host),
                            .host = options.listener.host,
                            .requests_a_second = options.requests_a_second,
                            .requests_burst = 2 * options.requests_a_second});
  GRISTMILL_RETURN_IF_ERROR(add_routes(router, backend));
  const auto listener_options = with_whole_paths(options.listener);
  GRISTMILL_TRY(const auto listener, Listener::open(listener_options, make_service(router, backend, options)));
  CertificateWatch certificate(*listener, listener_options, options.warn);
  backend.listener_figures = [&listener] { return listener->figures(); };
  backend.is_stopping = [&listener] { return listener->is_stopping(); };
  GRISTMILL_TRY(const auto token_file, write_first_token(workspace));
  GRISTMILL_TRY(auto feedback, start_feedback(workspace, options));
  backend.feedback = feedback.get();
  // Files that a pipeline of a client names are looked for in the workspace, not where the server was started.
  if (::chdir(workspace.folder().c_str()) != 0) return errno_error(workspace.folder(), errno);
  const auto& host = options.listener.host;
  started({.url = fmt::format("{}://{}:{}", options.listener.certificate_file.empty() ? "http" : "https",
                              host.find(':') == std::string::npos ? host : "[" + host + "]", listener->port()),
           .token_file = token_file});
  std::jthread watcher([&](const std::stop_token& ended) {
    while (!stop && !ended.stop_requested()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      certificate.look();
    }
    jobs.stop();
    listener->stop();
  });
  listener->run();
  // Its last answers go to the listener's network, which must still be there.
  feedback.reset();
  return {};
}

}  // namespace gristmill::server
