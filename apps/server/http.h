// SPDX-License-Identifier: Apache-2.0
// The server: HTTP in, platform's verbs, JSON out. Handlers see requests and responses as plain structs; only
// listener.cc knows sockets and the HTTP library.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gristmill/base/json.h"
#include "gristmill/base/result.h"

namespace gristmill::server {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// A request as it came; nothing is decoded.
struct HttpRequest {
  std::string method;
  std::string path;   ///< Raw: percent signs stay, so that a handler may split at `/` before it decodes.
  std::string query;  ///< Raw, without the question mark.
  Headers headers;
  std::string body;
  std::string remote;      ///< Address of the peer, without its port.
  std::string request_id;  ///< Ours; also in the answer as X-Request-Id and in the log.
  bool is_encrypted = false;
  std::shared_ptr<const void> body_share;  ///< Of the memory for bodies; empty when that of a small one is not counted.
  std::string_view answered_by = "none";  ///< The operation that it was taken for; a word that outlives all requests.

  /// The first value of a header, whatever the case of its name; empty when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  /// Whether the header is there, be it empty.
  [[nodiscard]] bool has_header(std::string_view name) const;
};

/// A piece of a streamed answer.
struct StreamPiece {
  std::string bytes;  ///< May be empty: nothing new.
  bool is_last = false;
  int wait_ms = 0;  ///< How long until the next piece is asked for.
};

/// Makes an answer piece by piece. Called by one thread at a time, on the threads that run handlers; `is_closing` says
/// that the server stops: the piece returned then is the last.
using Stream = std::function<StreamPiece(bool is_closing)>;

/// An answer: a body, or a stream (chunked).
struct HttpResponse {
  int status = 200;
  Headers headers = {};
  std::string body = {};
  Stream stream = {};
};

/// Where the answer to one request goes: the first that comes, from any thread. Thrown away empty, it answers 500.
class AnswerSlot {
 public:
  virtual ~AnswerSlot() = default;
  virtual void answer(HttpResponse response) = 0;
};

/// Gives the answer; to be called once, from any thread. Copies are the same reply.
class Reply {
 public:
  explicit Reply(std::shared_ptr<AnswerSlot> slot) : slot_(std::move(slot)) {}
  void operator()(HttpResponse response) const { slot_->answer(std::move(response)); }

 private:
  std::shared_ptr<AnswerSlot> slot_;
};

/// "Not Found"
std::string_view reason_phrase(int status);

/// Equal but for the case of ASCII letters.
bool equal_names(std::string_view a, std::string_view b);

/// Undoes percent encoding; nothing for broken escapes, control characters or what is no UTF-8 afterwards.
/// `plus_is_space` as in queries.
std::optional<std::string> percent_decoded(std::string_view text, bool plus_is_space);

/// Names and values of a query string, decoded, in order; an error says what is broken. At most 64 of them.
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

/// The decoded segments of a raw path: "/a/b%20c" is {"a", "b c"}. Empty and dot segments are errors.
Result<std::vector<std::string>> parse_path(std::string_view path);

/// A JSON answer.
HttpResponse json_response(int status, const Json& document);
/// An error in the one shape (RFC 9457): {type, title, status, detail}, further members from `more`.
HttpResponse problem(int status, std::string_view detail, const Json& more = {});
/// The problem that a failure of platform's is: its code decides the status.
HttpResponse problem_of(const Error& error);

}  // namespace gristmill::server
