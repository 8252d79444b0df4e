// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gristmill/base/result.h"
#include "http.h"

namespace gristmill::server {

/// Where to listen, and what a client may take of us.
struct ListenerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8787;        ///< 0 = any free one.
  std::string certificate_file;     ///< PEM chain; empty = plain HTTP.
  std::string key_file;
  int threads = 8;                  ///< That run handlers.
  std::size_t connections_max = 1024;
  std::size_t head_bytes_max = 16 * 1024;
  std::size_t bodies_bytes_max = std::size_t{256} << 20;  ///< Of all requests together, apart from small ones.
  int head_ms = 10'000;             ///< To send a whole head, from its first byte.
  int body_ms = 20'000;             ///< To send a body, and a second more for each 16 KiB.
  int idle_ms = 75'000;             ///< Between two requests.
  int write_ms = 30'000;            ///< For a client to take an answer, and a second more for each 16 KiB.
  int grace_ms = 30'000;            ///< For answers under way when the server stops.
};

/// What is decided when the head of a request is there: its body may be larger than we like.
struct Admission {
  std::function<void(const std::shared_ptr<HttpRequest>& request, Reply reply)> handle;
  std::size_t body_bytes_max = 0;
  bool is_immediate = false;             ///< Handled on the network's thread: never waits for anything.
  bool is_urgent = false;                ///< Handled by threads of its own: never behind requests that take long.
  std::optional<HttpResponse> refusal;   ///< Answered at once instead; the body is not read.
  /// Must agree before the body is read, where set: asked on a thread that may wait. A refusal is the answer.
  std::function<std::optional<HttpResponse>(const HttpRequest& head)> vet;
};

/// What the listener serves. `admit` is called on the network's thread, what it gives on one of those for handlers.
struct Service {
  /// `body_bytes`: what the client announces; nothing for a chunked body.
  std::function<Admission(const HttpRequest& head, std::optional<std::uint64_t> body_bytes)> admit;
  /// Each answer that was sent, or given up.
  std::function<void(const HttpRequest& request, int status, std::uint64_t bytes, double seconds)> note;
};

/// Figures for the metrics.
struct ListenerFigures {
  std::uint64_t connections_accepted = 0;
  std::uint64_t connections_refused = 0;  ///< Beyond connections_max.
  std::uint64_t connections_open = 0;
  std::uint64_t bad_requests = 0;         ///< That were no HTTP, or too slow.
  std::uint64_t bodies_refused = 0;       ///< Beyond bodies_bytes_max.
};

/// An HTTP/1.1 server: keep-alive, pipelining in order, chunked bodies, TLS, limits. One thread for the network, a pool
/// for handlers.
class Listener {
 public:
  /// Binds and listens; nothing is answered before `run`.
  static Result<std::unique_ptr<Listener>> open(const ListenerOptions& options, Service service);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] ListenerFigures figures() const;
  /// Serves until `stop`; returns when every answer is sent or the time of grace is over. No handler runs after that.
  void run();
  /// Reads the files of the TLS certificate and key anew, for connections to come. From any thread but the network's;
  /// an error changes nothing.
  Status renew_certificate();
  /// Stops accepting and finishes what is under way. From any thread.
  void stop();
  [[nodiscard]] bool is_stopping() const;

 private:
  struct State;
  explicit Listener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Whether a host is an address that only this machine reaches: a loopback address or `localhost`.
bool is_loopback(const std::string& host);

}  // namespace gristmill::server
