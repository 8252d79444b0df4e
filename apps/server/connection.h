// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <memory>
#include <unordered_set>

#include "body_budget.h"
#include "listener.h"
#include "outbox.h"
#include "transport.h"

namespace gristmill::server {

class Connection;

/// What all connections share. Touched by the network's thread only, but for the pools, which are safe.
struct Shared {
  BodyBudget bodies;
  ListenerOptions options;
  Service service;
  boost::asio::io_context& network;
  boost::asio::thread_pool& handlers;
  std::shared_ptr<Outbox> outbox;
  boost::asio::thread_pool& urgent;  ///< For requests that must not wait behind those that take long.
  std::unordered_set<std::shared_ptr<Connection>> connections;
  ListenerFigures figures;
  bool is_stopping = false;
};

/// One client: reads requests one after the other, answers each in order. Lives in `Shared::connections` until it is
/// closed.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual void start() = 0;
  /// Gives the answer to the request that is being handled; without one nothing happens.
  virtual void answer(HttpResponse response) = 0;
  /// Ends the connection when its client took too long for what it does now.
  virtual void check_deadline(std::chrono::steady_clock::time_point now) = 0;
  /// The server stops: ends at once when idle, after the answer under way otherwise.
  virtual void wind_up() = 0;
  virtual void close() = 0;
};

/// `remote`: address of the client, without its port.
std::shared_ptr<Connection> make_connection(Shared& shared, std::unique_ptr<Transport> transport, std::string remote,
                                            bool is_encrypted);

}  // namespace gristmill::server
