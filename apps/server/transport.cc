// SPDX-License-Identifier: Apache-2.0
#include "transport.h"

#include <array>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace gristmill::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

std::array<asio::const_buffer, 2> pieces(std::string_view first, std::string_view second) {
  return {asio::buffer(first.data(), first.size()), asio::buffer(second.data(), second.size())};
}

using Discarded = std::array<char, 4096>;

/// Takes what still comes, until the client closes.
void discard(tcp::socket& socket, Discarded& into, const std::function<void()>& finished) {
  socket.async_read_some(asio::buffer(into), [&socket, &into, finished](boost::system::error_code error, std::size_t) {
    error ? finished() : discard(socket, into, finished);
  });
}

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(tcp::socket socket) : socket_(std::move(socket)) {}
  void begin(std::function<void(boost::system::error_code)> begun) override {
    boost::system::error_code error;
    socket_.non_blocking(true, error);
    begun(error);
  }
  void read_some(char* into, std::size_t bytes, Moved moved) override {
    socket_.async_read_some(asio::buffer(into, bytes), std::move(moved));
  }
  void write(std::string_view first, std::string_view second, Moved moved) override {
    asio::async_write(socket_, pieces(first, second), std::move(moved));
  }
  std::size_t write_now(std::string_view bytes) override {
    boost::system::error_code failed;  // Told again by the write that follows.
    return socket_.write_some(asio::buffer(bytes.data(), bytes.size()), failed);
  }
  void finish(std::function<void()> finished) override {
    boost::system::error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    discard(socket_, discarded_, finished);
  }
  void close() override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

 private:
  tcp::socket socket_;
  Discarded discarded_{};
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(tcp::socket socket, asio::ssl::context& context) : stream_(std::move(socket), context) {}
  void begin(std::function<void(boost::system::error_code)> begun) override {
    stream_.async_handshake(asio::ssl::stream_base::server, std::move(begun));
  }
  void read_some(char* into, std::size_t bytes, Moved moved) override {
    stream_.async_read_some(asio::buffer(into, bytes), std::move(moved));
  }
  void write(std::string_view first, std::string_view second, Moved moved) override {
    asio::async_write(stream_, pieces(first, second), std::move(moved));
  }
  std::size_t write_now(std::string_view) override { return 0; }
  void finish(std::function<void()> finished) override {
    stream_.async_shutdown([this, finished = std::move(finished)](boost::system::error_code) {
      // It fails as soon as more comes than the client's own end, a body say.
      boost::system::error_code ignored;
      stream_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
      discard(stream_.next_layer(), discarded_, finished);
    });
  }
  void close() override {
    boost::system::error_code ignored;
    stream_.next_layer().close(ignored);
  }

 private:
  asio::ssl::stream<tcp::socket> stream_;
  Discarded discarded_{};
};

}  // namespace

std::unique_ptr<Transport> plain_transport(tcp::socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

std::unique_ptr<Transport> tls_transport(tcp::socket socket, asio::ssl::context& context) {
  return std::make_unique<TlsTransport>(std::move(socket), context);
}

}  // namespace gristmill::server
