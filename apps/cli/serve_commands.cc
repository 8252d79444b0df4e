// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "gristmill/base/units.h"
#include "gristmill/platform/access_tokens.h"
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

/// Seconds for people, milliseconds within.
void add_seconds(CLI::App& command, const std::string& name, int& milliseconds, const std::string& help) {
  command
      .add_option_function<double>(
          name, [&milliseconds](double seconds) { milliseconds = static_cast<int>(seconds * 1000); },
          help + fmt::format(" ({} unless given)", milliseconds / 1000))
      ->check(CLI::Range(0.1, 86'400.0));
}

void add_client_limits(CLI::App& command, server::ServeOptions& options) {
  auto& listener = options.listener;
  command.add_option("--connections", listener.connections_max, "Connections at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  command.add_option("--rate", options.requests_a_second, "Requests a second of one token")
      ->capture_default_str()
      ->check(CLI::Range(1.0, 1e6));
  add_seconds(command, "--head-timeout", listener.head_ms, "Seconds for a client to send a request's head");
  add_seconds(command, "--body-timeout", listener.body_ms, "Seconds to send a body, and one more for each 16 KiB");
  add_seconds(command, "--idle-timeout", listener.idle_ms, "Seconds a connection may wait for its next request");
  add_seconds(command, "--write-timeout", listener.write_ms, "Seconds to take an answer, and one more for each 16 KiB");
  add_seconds(command, "--grace", listener.grace_ms, "Seconds for answers under way when the server stops");
}

void add_serve(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "serve", "Serve the workspace over HTTP: JSON API, feedback, Iceberg REST catalog, health, metrics");
  command->footer(
      "Example: gristmill serve --port 8787\nThe first start writes an admin token to .gristmill/admin-token; "
      "`gristmill token` makes and revokes others.\nIceberg clients (PyIceberg, Spark, DuckDB, ...) use the URI "
      "http://HOST:PORT/iceberg with such a token.\nSIGTERM or SIGINT finishes what is under way; a second one ends "
      "at once.");
  auto options = std::make_shared<server::ServeOptions>();
  auto& listener = options->listener;
  command->add_option("--host", listener.host, "Address to listen at")->capture_default_str();
  command->add_option("--port", listener.port, "Port; 0 = any free one")->capture_default_str();
  command->add_option("--tls-certificate", listener.certificate_file, "PEM file: certificate and its chain");
  command->add_option("--tls-key", listener.key_file, "PEM file: the private key");
  command->add_flag("--plain-http", options->allows_plain_remote,
                    "Listen beyond this machine without TLS (behind a proxy that does it)");
  command->add_option("--threads", listener.threads, "Threads that work on requests")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  add_client_limits(*command, *options);
  command->add_option("--jobs", options->jobs_max, "Runs at once that clients start, each with the workspace's memory")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  command->callback([&session, options] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      if (session.is_verbose) options->log = [](const std::string& line) { fmt::print(stderr, "{}\n", line); };
      return server::serve(
          workspace, *options, [&](const server::Started& started) { tell_start(session, started); }, stop_requested);
    });
  });
}

void add_token_create(CLI::App& command, Session& session) {
  auto* create = command.add_subcommand("create", "Make a token; its text is shown this once");
  create->footer("Example: gristmill token create --name dashboard --scope read --lifetime 90d");
  auto request = std::make_shared<platform::TokenRequest>();
  auto scope = std::make_shared<std::string>("read");
  auto lifetime = std::make_shared<std::string>();
  create->add_option("--name", request->name, "What it is for")->required();
  create->add_option("--scope", *scope, "read, write or admin")->capture_default_str();
  create->add_option("--lifetime", *lifetime, "30d, 12h, ...; without it the token holds until revoked");
  create->callback([&session, request, scope, lifetime] {
    session.with_workspace([&](const platform::Workspace& workspace) -> Status {
      GRISTMILL_TRY(request->scope, platform::parse_scope(*scope));
      if (!lifetime->empty()) {
        GRISTMILL_TRY(request->lifetime_ms, parse_duration_ms(*lifetime));
      }
      GRISTMILL_TRY(const auto token, platform::create_token(workspace, *request));
      session.show(token, fields);
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
