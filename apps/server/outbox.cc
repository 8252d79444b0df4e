// SPDX-License-Identifier: Apache-2.0
#include "outbox.h"

#include <atomic>
#include <boost/asio/post.hpp>
#include <utility>

#include "connection.h"

namespace gristmill::server {
namespace {

/// The answer reaches the connection from any thread; a handler that forgets to answer must not leave the client
/// waiting.
class OneAnswer final : public AnswerSlot {
 public:
  OneAnswer(std::shared_ptr<Outbox> outbox, std::weak_ptr<Connection> connection)
      : outbox_(std::move(outbox)), connection_(std::move(connection)) {}
  OneAnswer(const OneAnswer&) = delete;
  OneAnswer& operator=(const OneAnswer&) = delete;
  ~OneAnswer() override {
    if (!is_answered_) OneAnswer::answer(problem(500, "the request was not answered"));
  }
  void answer(HttpResponse response) override {
    if (!is_answered_.exchange(true)) outbox_->put(std::move(connection_), std::move(response));
  }

 private:
  std::shared_ptr<Outbox> outbox_;
  std::weak_ptr<Connection> connection_;
  std::atomic<bool> is_answered_ = false;
};

}  // namespace

void Outbox::put(std::weak_ptr<Connection> connection, HttpResponse response) {
  bool is_first = false;
  {
    const std::scoped_lock lock(mutex_);
    is_first = waiting_.empty();
    waiting_.push_back({std::move(connection), std::move(response)});
  }
  if (is_first) boost::asio::post(network_, [self = shared_from_this()] { self->deliver(); });
}

void Outbox::deliver() {
  {
    const std::scoped_lock lock(mutex_);
    taken_.swap(waiting_);
  }
  for (auto& letter : taken_) {
    if (const auto connection = letter.connection.lock()) connection->answer(std::move(letter.response));
  }
  taken_.clear();
}

Reply make_reply(std::shared_ptr<Outbox> outbox, std::weak_ptr<Connection> connection) {
  return Reply(std::make_shared<OneAnswer>(std::move(outbox), std::move(connection)));
}

}  // namespace gristmill::server
