// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <mutex>
#include <vector>

#include "http.h"

namespace gristmill::server {

class Connection;

/// Answers on their way from other threads to the network's, which is called once for all that wait. Thread-safe.
class Outbox : public std::enable_shared_from_this<Outbox> {
 public:
  explicit Outbox(boost::asio::io_context& network) : network_(network) {}
  void put(std::weak_ptr<Connection> connection, HttpResponse response);

 private:
  struct Letter {
    std::weak_ptr<Connection> connection;
    HttpResponse response;
  };
  void deliver();

  boost::asio::io_context& network_;
  std::mutex mutex_;
  std::vector<Letter> waiting_;
  std::vector<Letter> taken_;  ///< Of the network's thread.
};

/// The reply to the request that a connection is handling.
Reply make_reply(std::shared_ptr<Outbox> outbox, std::weak_ptr<Connection> connection);

}  // namespace gristmill::server
