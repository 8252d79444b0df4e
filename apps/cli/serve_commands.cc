// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "gristmill/base/units.h"
#include "gristmill/platform/access_tokens.h"
#include "server/line_log.h"
#include "server/serve.h"
#include "session.h"

namespace gristmill::cli {
namespace {

void tell_start(const Session& session, const server::Started& started) {
  if (session.is_json) {
    auto document = Json::object(
        {{"url", started.url}, {"iceberg_uri", started.url + "/iceberg"}, {"token_file", nullptr}});
    if (!started.token_file.empty()) document.set("token_file", started.token_file);
    fmt::print("{}\n", document.dump());
    std::fflush(stdout);
  }
  session.say(fmt::format("Serving at {}; the API is described at {}/api/v1/openapi.json", started.url, started.url));
  if (!started.token_file.empty()) session.say(fmt::format("An admin token was made: {}", started.token_file));
}

/// What was said on the command line; what was not is taken from the workspace's settings.
struct ServeFlags {
  std::optional<std::string> host, certificate, key;
  std::optional<std::uint16_t> port;
  std::optional<int> threads;
  std::optional<std::size_t> connections, jobs;
  std::optional<std::string> body_memory;
  std::optional<double> rate;
  std::optional<double> head_seconds, body_seconds, idle_seconds, write_seconds, grace_seconds;
  bool is_plain = false;
};

template <typename T>
void take(const std::optional<T>& given, auto& target) {
  if (given) target = *given;
}

void take_seconds(const std::optional<double>& given, int& milliseconds) {
  if (given) milliseconds = static_cast<int>(*given * 1000);
}

Result<server::ServeOptions> merged(const ServeFlags& flags, server::ServeOptions options) {
  auto& listener = options.listener;
  take(flags.host, listener.host);
  take(flags.port, listener.port);
  take(flags.certificate, listener.certificate_file);
  take(flags.key, listener.key_file);
  take(flags.threads, listener.threads);
  take(flags.connections, listener.connections_max);
  if (flags.body_memory) {
    GRISTMILL_TRY(listener.bodies_bytes_max, parse_size(*flags.body_memory));
  }
  take(flags.rate, options.requests_a_second);
  take(flags.jobs, options.jobs_max);
  take_seconds(flags.head_seconds, listener.head_ms);
  take_seconds(flags.body_seconds, listener.body_ms);
  take_seconds(flags.idle_seconds, listener.idle_ms);
  take_seconds(flags.write_seconds, listener.write_ms);
  take_seconds(flags.grace_seconds, listener.grace_ms);
  options.allows_plain_remote = options.allows_plain_remote || flags.is_plain;
  return options;
}

void add_client_limits(CLI::App& command, ServeFlags& flags) {
  const platform::ServerSettings usual;
  const server::ListenerOptions listener;
  const auto add_seconds = [&command](const char* name, std::optional<double>& seconds, int usual_ms,
                                      std::string_view help) {
    command.add_option(name, seconds, fmt::format("{} ({})", help, usual_ms / 1000))->check(CLI::Range(0.1, 86'400.0));
  };
  command.add_option("--connections", flags.connections, fmt::format("Connections at once ({})", usual.connections))
      ->check(CLI::Range(1, 100'000));
  command.add_option(
      "--body-memory", flags.body_memory,
      fmt::format("For the bodies of all requests together, as 512MiB ({}MiB)", usual.body_memory_bytes >> 20));
  command.add_option("--rate", flags.rate, fmt::format("Requests a second of one token ({})", usual.rate))
      ->check(CLI::Range(1.0, 1e6));
  add_seconds("--head-timeout", flags.head_seconds, listener.head_ms, "Seconds for a client to send a request's head");
  add_seconds("--body-timeout", flags.body_seconds, listener.body_ms,
              "Seconds to send a body, and one more for each 16 KiB");
  add_seconds("--idle-timeout", flags.idle_seconds, listener.idle_ms,
              "Seconds a connection may wait for its next request");
  add_seconds("--write-timeout", flags.write_seconds, listener.write_ms,
              "Seconds to take an answer, and one more for each 16 KiB");
  add_seconds("--grace", flags.grace_seconds, listener.grace_ms, "Seconds for answers under way when the server stops");
}

void add_serve(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "serve", "Serve the workspace over HTTP: JSON API, feedback, Iceberg REST catalog, health, metrics");
  command->footer(
      "Example: gristmill serve --port 8787\nWhat no flag says is taken from [server] in gristmill.toml; its defaults "
      "stand in brackets.\nThe first start writes an admin token to .gristmill/admin-token; `gristmill token` makes "
      "and revokes others.\nIceberg clients (PyIceberg, Spark, DuckDB, ...) use the URI http://HOST:PORT/iceberg with "
      "such a token.\nSIGTERM or SIGINT finishes what is under way; a second one ends at once.");
  auto flags = std::make_shared<ServeFlags>();
  const platform::ServerSettings usual;
  command->add_option("--host", flags->host, fmt::format("Address to listen at ({})", usual.host));
  command->add_option("--port", flags->port, fmt::format("Port ({}); 0 = any free one", usual.port));
  command->add_option("--tls-certificate", flags->certificate, "PEM file: certificate and its chain");
  command->add_option("--tls-key", flags->key, "PEM file: the private key");
  command->add_flag("--plain-http", flags->is_plain,
                    "Listen beyond this machine without TLS (behind a proxy that does it)");
  command->add_option("--threads", flags->threads, fmt::format("Threads that work on requests ({})", usual.threads))
      ->check(CLI::Range(1, 256));
  add_client_limits(*command, *flags);
  command
      ->add_option("--jobs", flags->jobs,
                   fmt::format("Runs at once that clients start, each with the workspace's memory ({})", usual.jobs))
      ->check(CLI::Range(1, 64));
  command->callback([&session, flags] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(auto options, merged(*flags, server::options_of(workspace)));
      server::LineLog log(STDERR_FILENO);
      if (session.is_verbose) options.log = [&log](const std::string& line) { log.put(line); };
      options.warn = [&log](const std::string& line) { log.put("gristmill: " + line); };
      return server::serve(
          workspace, options, [&](const server::Started& started) { tell_start(session, started); }, stop_requested);
    });
  });
}

void add_token_create(CLI::App& command, Session& session) {
  auto* create = command.add_subcommand("create", "Make a token; its text is shown this once");
  create->footer(
      "Example: gristmill token create --name dashboard --scope read --lifetime 90d\nThe same --idempotency-key again "
      "makes no second token, and tells all of the first but its text.");
  auto request = std::make_shared<platform::TokenRequest>();
  auto scope = std::make_shared<std::string>("read");
  auto lifetime = std::make_shared<std::optional<std::string>>();
  create->add_option("--name", request->name, "What it is for")->required();
  create->add_option("--scope", *scope, "read, write or admin")->capture_default_str();
  create->add_option("--lifetime", *lifetime, "30d, 12h, ...; without it the token holds until revoked");
  create->callback([&session, request, scope, lifetime] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(request->scope, platform::parse_scope(*scope));
      if (*lifetime) {
        GRISTMILL_TRY(request->lifetime_ms, parse_duration_ms(**lifetime));
      }
      request->idempotency_key = session.idempotency_key;
      GRISTMILL_TRY(const auto token, platform::create_token(workspace, *request));
      session.show(token, fields);
      if (token["already_done"].as_bool()) {
        Session::warn(
            "this token was made before with this idempotency key, and its text was told then; if that is "
            "lost, revoke it and make another with another key");
      }
      return {};
    });
  });
}

void add_token(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand("token", "Tokens of the server");
  command->require_subcommand(1);
  add_token_create(*command, session);
  auto* list = command->add_subcommand("list", "All tokens, without their text");
  list->footer("Example: gristmill token list");
  list->callback([&session] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto tokens, platform::list_tokens(workspace));
      session.show(tokens, [](const Json& json) {
        std::vector<std::vector<std::string>> rows{{"TOKEN", "NAME", "SCOPE", "CREATED", "EXPIRES", "REVOKED"}};
        for (const auto& item : json.items()) {
          rows.push_back({plain(item["token_id"]), plain(item["name"]), plain(item["scope"]), plain(item["created_at"]),
                          plain(item["expires_at"]), plain(item["revoked_at"])});
        }
        return table(rows);
      });
      return {};
    });
  });
  auto* revoke = command->add_subcommand("revoke", "Make a token worthless; a running server knows within a second");
  revoke->footer("Example: gristmill token revoke 3f2a90c41b7d");
  auto id = std::make_shared<std::string>();
  revoke->add_option("token", *id, "Token id")->required();
  revoke->callback([&session, id] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(const auto revoked, platform::revoke_token(workspace, *id));
      session.show(revoked, fields);
      return {};
    });
  });
}

}  // namespace

void add_serve_commands(CLI::App& app, Session& session) {
  add_serve(app, session);
  add_token(app, session);
}

}  // namespace gristmill::cli
