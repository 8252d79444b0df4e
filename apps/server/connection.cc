// SPDX-License-Identifier: Apache-2.0
#include "connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "answer_head.h"
#include "framing.h"
#include "gristmill/base/hash.h"
#include "plain_request.h"

namespace gristmill::server {
namespace {

namespace http = boost::beast::http;
using Clock = std::chrono::steady_clock;

constexpr std::size_t bytes_a_second_min = 16 * 1024;
constexpr std::size_t small_body_bytes = 4 * 1024;  ///< Copied behind the head, to be sent as one piece.
constexpr std::size_t spare_bytes_max = 16 * 1024;
constexpr std::size_t uncounted_body_bytes = 64 * 1024;  ///< The number of connections bounds what these take.
constexpr int drain_ms = 2'000;

/// Ids that differ between processes and requests; for finding a request in the log, not a secret.
void set_request_id(std::string& id) {
  static std::atomic<std::uint64_t> count = 0;
  static const auto seed = static_cast<std::uint64_t>(Clock::now().time_since_epoch().count());
  const auto number = ++count;
  auto bits = xxh3_64({reinterpret_cast<const char*>(&number), sizeof number}, seed);
  id.resize(16);
  for (auto& digit : id) {
    digit = "0123456789abcdef"[bits >> 60];
    bits <<= 4;
  }
}

class HttpConnection final : public Connection, public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(Shared& shared, std::unique_ptr<Transport> transport, std::string remote, bool is_encrypted)
      : shared_(shared),
        transport_(std::move(transport)),
        remote_(std::move(remote)),
        is_encrypted_(is_encrypted),
        stream_timer_(shared.network) {}

  void start() override {
    allow(shared_.options.head_ms);
    transport_->begin([self = shared_from_this()](boost::system::error_code error) {
      if (error) return self->close();
      self->await_request();
    });
  }

  void answer(HttpResponse response) override {
    if (phase_ != Phase::handling) return;
    may_write_now_ = true;
    respond(std::move(response));
  }

  void check_deadline(Clock::time_point now) override {
    if (now < deadline_) return;
    if (phase_ == Phase::head || phase_ == Phase::body) {
      ++shared_.figures.bad_requests;
      is_given_up_ = true;
      return refuse({408, "the request took too long to arrive"});
    }
    close();
  }

  void wind_up() override {
    if (phase_ == Phase::idle) return close();
    if (is_waiting_) {
      stream_timer_.cancel();
      next_piece();
    }
  }

  void close() override {
    if (phase_ == Phase::closed) return;
    phase_ = Phase::closed;
    stream_timer_.cancel();
    transport_->close();
    shared_.connections.erase(shared_from_this());
  }

 private:
  enum class Phase { idle, head, vetting, body, handling, sending, streaming, draining, closed };

  void allow(std::int64_t milliseconds) { deadline_ = Clock::now() + std::chrono::milliseconds(milliseconds); }
  /// A client that takes or gives many bytes gets time in proportion.
  void allow_for(int milliseconds, std::size_t bytes) {
    allow(milliseconds + static_cast<std::int64_t>(bytes / bytes_a_second_min * 1000));
  }

  void await_request() {
    if (shared_.is_stopping) return finish();
    phase_ = Phase::idle;
    allow(shared_.options.idle_ms);
    parser_.reset();
    buffer_.empty() ? read() : parse();
  }

  void read() {
    // Not into `buffer_` itself: making room there would write zeros first.
    const auto room = std::size_t{phase_ == Phase::body ? 64U : 8U} * 1024;
    if (room > room_) received_ = std::make_unique_for_overwrite<char[]>(room_ = room);
    transport_->read_some(received_.get(), room_,
                          [self = shared_from_this()](boost::system::error_code error, std::size_t bytes) {
                            if (self->phase_ == Phase::closed || self->is_given_up_) return;
                            if (error) return self->close();
                            self->buffer_.append(self->received_.get(), bytes);
                            self->parse();
                          });
  }

  void parse() {
    if (phase_ == Phase::idle) {
      skip_line_breaks();
      if (buffer_.empty() || buffer_ == "\r") return read();
      began_ = Clock::now();
      if (const auto plain = read_plain_request(buffer_, shared_.options.head_bytes_max)) return take_plain(*plain);
      phase_ = Phase::head;
      allow(shared_.options.head_ms);
      make_parser();
    }
    std::size_t used = 0;
    while (used < buffer_.size() && !parser_->is_done()) {
      boost::system::error_code error;
      const auto taken = parser_->put(boost::asio::buffer(buffer_.data() + used, buffer_.size() - used), error);
      used += taken;
      if (phase_ == Phase::body) body_bytes_taken_ += taken;
      if (error == http::error::need_more) {
        if (phase_ == Phase::head || taken == 0) break;
        continue;
      }
      if (error) return bad(fault_of(error, buffer_.size(), buffer_.find("\r\n") != std::string::npos));
      if (phase_ == Phase::head && parser_->is_header_done()) {
        buffer_.erase(0, std::exchange(used, 0));
        if (!admit()) return;
      } else if (taken == 0) {
        break;
      }
    }
    buffer_.erase(0, used);
    if (parser_->is_done()) {
      request_->body = std::move(parser_->get().body());
      return handle();
    }
    // Chunks of one byte each with long extensions would make us read many times what a body may hold.
    if (phase_ == Phase::body && body_bytes_taken_ > 2 * body_bytes_max_ + 64 * 1024)
      return bad({413, "the body's chunks cost more than the body"});
    if (!std::exchange(is_continue_due_, false)) return read();
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    transport_->write(go_on, {}, [self = shared_from_this()](boost::system::error_code error, std::size_t) {
      if (self->phase_ == Phase::closed || self->is_given_up_) return;
      error ? self->close() : self->read();
    });
  }

  /// Some clients end a body with a line break of their own.
  void skip_line_breaks() {
    std::size_t end = 0;
    while (buffer_.compare(end, 2, "\r\n") == 0) end += 2;
    buffer_.erase(0, end);
  }

  void make_parser() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_.options.head_bytes_max));
    // The real limit is set when the head says what the body is for.
    parser_->body_limit(std::uint64_t{1} << 40);
    body_bytes_taken_ = 0;
  }

  /// A request that is there as a whole and needs no further look at its form.
  void take_plain(const PlainRequest& plain) {
    request_ = spare_ ? std::exchange(spare_, {}) : std::make_shared<HttpRequest>();
    fill(*request_, plain);
    complete(plain.target);
    const auto length = plain.body_bytes;
    buffer_.erase(0, plain.bytes);
    is_kept_ = is_chunk_reader_ = true;
    if (is_admitted(length)) handle();
  }

  /// Fills in what does not come from the client's head; false when the target is no good.
  bool complete(std::string_view target) {
    request_->remote = remote_;
    set_request_id(request_->request_id);
    request_->is_encrypted = is_encrypted_;
    return set_target(*request_, target);
  }

  /// Asks the service whether the request may go on; answers it when not. Nor does it go on here when somebody must be
  /// asked who takes his time.
  bool is_admitted(std::optional<std::uint64_t> length) {
    auto admission = shared_.service.admit(*request_, length);
    if (admission.refusal) {
      // With its body unread, the connection is of no further use.
      if (!length || *length > 0) is_kept_ = false;
      respond(*std::move(admission.refusal));
      return false;
    }
    body_bytes_max_ = std::min(admission.body_bytes_max,
                               std::max(shared_.options.bodies_bytes_max, uncounted_body_bytes));
    is_immediate_ = admission.is_immediate;
    is_urgent_ = admission.is_urgent;
    handle_ = std::move(admission.handle);
    if (admission.vet) return vet(std::move(admission.vet), length), false;
    return is_small_enough(length);
  }

  bool is_small_enough(std::optional<std::uint64_t> length) {
    if (length && *length > body_bytes_max_) return refuse({413, "the body is too large for this resource"}), false;
    return true;
  }

  void vet(decltype(Admission::vet) ask, std::optional<std::uint64_t> length) {
    phase_ = Phase::vetting;
    deadline_ = Clock::time_point::max();
    boost::asio::post(
        shared_.urgent, [self = shared_from_this(), ask = std::move(ask), head = request_, length]() mutable {
          auto refusal = ask(*head);
          auto& network = self->shared_.network;
          boost::asio::post(network, [self = std::move(self), refusal = std::move(refusal), length]() mutable {
            if (self->phase_ == Phase::vetting) self->vetted(std::move(refusal), length);
          });
        });
  }

  void vetted(std::optional<HttpResponse> refusal, std::optional<std::uint64_t> length) {
    if (refusal) {
      is_kept_ = false;  // As its body is not read.
      return respond(*std::move(refusal));
    }
    if (!is_small_enough(length)) return;
    if (!parser_) return handle();
    if (expect_body(length)) parse();
  }

  /// Looks at the head: takes the body, or answers at once.
  bool admit() {
    if (const auto fault = check_framing(*parser_); fault.status != 0) return bad(fault), false;
    const auto& message = parser_->get();
    request_ = std::make_shared<HttpRequest>();
    fill(*request_, *parser_);
    if (!complete({message.target().data(), message.target().size()}))
      return bad({400, "the request target is neither a path nor a URL"}), false;
    is_kept_ = message.keep_alive();
    is_chunk_reader_ = message.version() == 11;
    std::optional<std::uint64_t> length;
    if (!parser_->chunked()) length = parser_->content_length() ? *parser_->content_length() : 0;
    return is_admitted(length) && expect_body(length);
  }

  /// Begins with the body; answers when there is no memory for it.
  bool expect_body(std::optional<std::uint64_t> length) {
    parser_->body_limit(body_bytes_max_);
    parser_->eager(true);
    if (parser_->is_done()) return true;
    if (const auto bytes = length.value_or(body_bytes_max_); bytes > uncounted_body_bytes) {
      request_->body_share = shared_.bodies.take(bytes);
      if (!request_->body_share) return no_room(), false;
    }
    phase_ = Phase::body;
    allow_for(shared_.options.body_ms, length.value_or(body_bytes_max_));
    const auto& message = parser_->get();
    is_continue_due_ = !message[http::field::expect].empty() && message.version() == 11;
    return true;
  }

  /// The bodies of others take all the memory that there is for them. 429, not 503: the request was not looked at.
  void no_room() {
    ++shared_.figures.bodies_refused;
    is_kept_ = false;
    auto response = problem(429, "other requests with large bodies are under way; send it again in a second");
    response.headers.emplace_back("Retry-After", "1");
    respond(std::move(response));
  }

  void handle() {
    phase_ = Phase::handling;
    is_continue_due_ = false;
    deadline_ = Clock::time_point::max();
    auto reply = make_reply(shared_.outbox, weak_from_this());
    if (is_immediate_) return std::exchange(handle_, {})(request_, std::move(reply));
    auto& pool = is_urgent_ ? shared_.urgent : shared_.handlers;
    boost::asio::post(pool, [handle = std::exchange(handle_, {}), request = request_, reply = std::move(reply)] {
      handle(request, reply);
    });
  }

  void bad(HeadFault fault) {
    ++shared_.figures.bad_requests;
    refuse(fault);
  }

  /// Answers and closes: what follows on the connection cannot be told apart any more.
  void refuse(HeadFault fault) {
    is_kept_ = false;
    if (!request_) request_ = std::make_shared<HttpRequest>();
    respond(problem(fault.status, fault.detail));
  }

  void respond(HttpResponse response) {
    const bool is_head = request_->method == "HEAD";
    const bool has_no_body = response.status == 204 || response.status == 304 || response.status < 200;
    if (shared_.is_stopping) is_kept_ = false;
    stream_ = is_head || has_no_body ? Stream() : std::move(response.stream);
    status_ = response.status;
    // A client of HTTP/1.0 knows no chunks: its stream ends with the connection.
    is_chunked_ = stream_ && is_chunk_reader_;
    if (stream_ && !is_chunked_) is_kept_ = false;
    head_.clear();
    append_answer_head(response,
                       {.request_id = request_->request_id,
                        .has_length = !stream_ && !has_no_body,
                        .is_chunked = is_chunked_,
                        .is_kept = is_kept_,
                        .is_encrypted = is_encrypted_},
                       head_);
    body_ = is_head || has_no_body ? std::string() : std::move(response.body);
    if (body_.size() <= small_body_bytes) head_ += std::exchange(body_, {});
    bytes_sent_ = 0;
    phase_ = stream_ ? Phase::streaming : Phase::sending;
    send([](HttpConnection& self) { self.stream_ ? self.next_piece() : self.sent(); });
  }

  void send(void (*then)(HttpConnection&)) {
    allow_for(shared_.options.write_ms, head_.size() + body_.size());
    if (std::exchange(may_write_now_, false) && body_.empty()) {
      const auto written = transport_->write_now(head_);
      if (written == head_.size()) {
        bytes_sent_ += written;
        return then(*this);
      }
      head_.erase(0, written);
      bytes_sent_ += written;
    }
    transport_->write(head_, body_,
                      [self = shared_from_this(), then](boost::system::error_code error, std::size_t bytes) {
                        self->bytes_sent_ += bytes;
                        if (self->phase_ == Phase::closed) return;
                        if (error) {
                          self->note();
                          return self->close();
                        }
                        then(*self);
                      });
  }

  void sent() {
    note();
    // A read is still under way for a client that was given up: nothing else may touch its bytes.
    if (is_given_up_) return close();
    if (!is_kept_) return finish();
    // Handlers of other threads may still hold theirs.
    const bool is_ours = is_immediate_ && request_.use_count() == 1 && request_->body.capacity() <= spare_bytes_max;
    spare_ = is_ours ? std::move(request_) : nullptr;
    request_.reset();
    await_request();
  }

  void note() {
    if (!request_) return;
    const auto seconds = std::chrono::duration<double>(Clock::now() - began_).count();
    shared_.service.note(*request_, status_, bytes_sent_, seconds);
  }

  void next_piece() {
    deadline_ = Clock::time_point::max();
    is_waiting_ = false;
    boost::asio::post(shared_.handlers, [self = shared_from_this(), is_closing = shared_.is_stopping]() mutable {
      auto piece = self->stream_(is_closing);
      if (is_closing) piece.is_last = true;
      auto& network = self->shared_.network;
      boost::asio::post(network, [self = std::move(self), piece = std::move(piece)]() mutable {
        if (self->phase_ == Phase::streaming) self->send_piece(std::move(piece));
      });
    });
  }

  void send_piece(StreamPiece piece) {
    head_.clear();
    body_ = std::move(piece.bytes);
    if (is_chunked_) {
      if (!body_.empty()) {
        head_ = fmt::format("{:x}\r\n", body_.size());
        body_ += "\r\n";
      }
      if (piece.is_last) body_ += "0\r\n\r\n";
    }
    wait_ms_ = piece.wait_ms;
    if (piece.is_last) {
      phase_ = Phase::sending;
      return send([](HttpConnection& self) { self.sent(); });
    }
    if (body_.empty()) return wait_for_piece();
    send([](HttpConnection& self) { self.wait_for_piece(); });
  }

  void wait_for_piece() {
    if (wait_ms_ <= 0 || shared_.is_stopping) return next_piece();
    deadline_ = Clock::time_point::max();
    is_waiting_ = true;
    stream_timer_.expires_after(std::chrono::milliseconds(wait_ms_));
    stream_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
      if (!error && self->phase_ == Phase::streaming && self->is_waiting_) self->next_piece();
    });
  }

  void finish() {
    phase_ = Phase::draining;
    allow(drain_ms);
    transport_->finish([self = shared_from_this()] { self->close(); });
  }

  Shared& shared_;
  std::unique_ptr<Transport> transport_;
  std::string remote_;
  bool is_encrypted_;
  boost::asio::steady_timer stream_timer_;
  Phase phase_ = Phase::idle;
  Clock::time_point deadline_;
  Clock::time_point began_;
  std::unique_ptr<char[]> received_;  ///< What the transport reads into.
  std::size_t room_ = 0;              ///< Bytes of it.
  std::string buffer_;                ///< What came and is not parsed yet.
  std::optional<Parser> parser_;
  std::size_t body_bytes_max_ = 0;
  std::uint64_t body_bytes_taken_ = 0;
  std::shared_ptr<HttpRequest> request_;
  std::shared_ptr<HttpRequest> spare_;  ///< The last one, whose memory the next may use; held by nobody else.
  std::function<void(const std::shared_ptr<HttpRequest>&, Reply)> handle_;
  bool is_immediate_ = false;
  bool is_urgent_ = false;
  bool is_kept_ = false;
  bool is_chunk_reader_ = false;  ///< The client speaks HTTP/1.1.
  bool may_write_now_ = false;    ///< Not within what a write or read called: that could go on without end.
  bool is_continue_due_ = false;
  bool is_given_up_ = false;
  std::string head_;
  std::string body_;
  int status_ = 0;
  std::uint64_t bytes_sent_ = 0;
  Stream stream_;
  bool is_chunked_ = false;
  bool is_waiting_ = false;
  int wait_ms_ = 0;
};

}  // namespace

std::shared_ptr<Connection> make_connection(Shared& shared, std::unique_ptr<Transport> transport, std::string remote,
                                            bool is_encrypted) {
  return std::make_shared<HttpConnection>(shared, std::move(transport), std::move(remote), is_encrypted);
}

}  // namespace gristmill::server
