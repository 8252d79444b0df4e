// SPDX-License-Identifier: Apache-2.0
// Bytes over TCP, plain or with TLS, behind one face: what a connection needs of them and no more.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <string_view>

namespace gristmill::server {

/// Called with an error and the number of bytes.
using Moved = std::function<void(boost::system::error_code, std::size_t)>;

/// One connection's bytes. One read and one write may be under way at a time; all calls from the network's thread.
class Transport {
 public:
  virtual ~Transport() = default;
  /// What comes before the first byte: nothing, or the TLS handshake.
  virtual void begin(std::function<void(boost::system::error_code)> begun) = 0;
  virtual void read_some(char* into, std::size_t bytes, Moved moved) = 0;
  /// Writes both pieces whole; they must live until `moved`.
  virtual void write(std::string_view first, std::string_view second, Moved moved) = 0;
  /// Writes what can be written at once, without a call later; the number of bytes, which may be none.
  virtual std::size_t write_now(std::string_view bytes) = 0;
  /// Says that nothing more will be sent, then takes what still comes, so that a client that is sending reads our last
  /// answer instead of a reset. Calls when the client has closed too; the caller closes when that takes too long.
  virtual void finish(std::function<void()> finished) = 0;
  virtual void close() = 0;
};

std::unique_ptr<Transport> plain_transport(boost::asio::ip::tcp::socket socket);
std::unique_ptr<Transport> tls_transport(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context& context);

}  // namespace gristmill::server
