// SPDX-License-Identifier: Apache-2.0
// Sends HTTP requests over some connections, each waiting for its answer before the next, and prints rate and latency.
// Usage: http_load PORT CONNECTIONS REQUESTS RATE HEAD_FILE BODY_FILE; RATE 0 = as fast as answers come, else so
// many requests a second in all, whose latency counts from when they were due. %N in the body becomes the request's
// number, nine digits wide.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Connection {
  int socket = -1;
  bool is_waiting = false;
  Clock::time_point due;
  std::string received;
};

int connect_to(int port) {
  const int made = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr generic{};
  static_assert(sizeof generic == sizeof address);
  std::copy_n(reinterpret_cast<const char*>(&address), sizeof address, reinterpret_cast<char*>(&generic));
  const int yes = 1;
  ::setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (::connect(made, &generic, sizeof generic) != 0) {
    fmt::print(stderr, "http_load: no connection\n");
    std::exit(1);
  }
  return made;
}

/// True when a whole answer is there; it is taken off. Ends the program for any status but 20x.
bool take_answer(std::string& received) {
  const auto end = received.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const auto at = received.find("Content-Length: ");
  const auto size = at < end ? std::strtoul(received.c_str() + at + 16, nullptr, 10) : 0;
  if (received.size() < end + 4 + size) return false;
  if (!received.starts_with("HTTP/1.1 20")) {
    fmt::print(stderr, "http_load: {}\n", received);
    std::exit(1);
  }
  received.clear();
  return true;
}

/// A request whose number has a fixed width, so that it can be written over.
class Request {
 public:
  Request(const std::string& head, std::string body) {
    const auto at = body.find("%N");
    if (at != std::string::npos) body.replace(at, 2, std::string(width, '0'));
    text_ = fmt::format("{}Content-Length: {}\r\n\r\n{}", head, body.size(), body);
    place_ = at == std::string::npos ? at : text_.size() - body.size() + at;
  }
  const std::string& numbered(long number) {
    for (auto digit = width; place_ != std::string::npos && digit-- > 0; number /= 10)
      text_[place_ + digit] = static_cast<char>('0' + number % 10);
    return text_;
  }

 private:
  static constexpr std::size_t width = 9;
  std::string text_;
  std::size_t place_ = 0;
};

struct Load {
  Request request;
  double rate = 0;
  long requests = 0, sent = 0;
  Clock::time_point began = Clock::now();
  std::vector<double> latencies;

  [[nodiscard]] bool is_due() const { return sent < requests && (rate == 0 || due_time() <= Clock::now()); }
  [[nodiscard]] Clock::time_point due_time() const {
    if (rate == 0) return Clock::now();
    return began + std::chrono::nanoseconds(static_cast<long>(static_cast<double>(sent) / rate * 1e9));
  }
  void send(Connection& connection) {
    connection.due = due_time();
    const auto& text = request.numbered(sent++);
    if (::send(connection.socket, text.data(), text.size(), MSG_NOSIGNAL) < 0) std::exit(1);
    connection.is_waiting = true;
  }
  void receive(Connection& connection) {
    char bytes[4096];
    const auto count = ::recv(connection.socket, bytes, sizeof bytes, 0);
    if (count <= 0) std::exit(1);
    connection.received.append(bytes, static_cast<std::size_t>(count));
    if (!take_answer(connection.received)) return;
    connection.is_waiting = false;
    latencies.push_back(std::chrono::duration<double, std::milli>(Clock::now() - connection.due).count());
  }
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 7) return 2;
  Load load{.request = {read_file(arguments[5]), read_file(arguments[6])}, .latencies = {}};
  load.requests = std::atol(arguments[3]);
  load.rate = std::atof(arguments[4]);
  std::vector<Connection> connections(static_cast<std::size_t>(std::atol(arguments[2])));
  const int poller = ::epoll_create1(0);
  for (auto& connection : connections) {
    connection.socket = connect_to(std::atoi(arguments[1]));
    epoll_event wanted{.events = EPOLLIN, .data = {.ptr = &connection}};
    if (::epoll_ctl(poller, EPOLL_CTL_ADD, connection.socket, &wanted) != 0) return 1;
  }
  load.began = Clock::now();
  std::vector<epoll_event> events(connections.size());
  while (static_cast<long>(load.latencies.size()) < load.requests) {
    for (auto& connection : connections) {
      if (!connection.is_waiting && load.is_due()) load.send(connection);
    }
    const int found = ::epoll_wait(poller, events.data(), static_cast<int>(events.size()), load.rate == 0 ? -1 : 1);
    for (int i = 0; i < found; ++i)
      load.receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
  }
  const auto seconds = std::chrono::duration<double>(Clock::now() - load.began).count();
  std::ranges::sort(load.latencies);
  const auto at = [&](double share) {
    return load.latencies[static_cast<std::size_t>(share * static_cast<double>(load.latencies.size() - 1))];
  };
  fmt::print(
      "{{\"requests\": {}, \"seconds\": {:.4f}, \"per_second\": {:.1f}, \"p50_ms\": {:.3f}, \"p99_ms\": {:.3f}}}\n",
      load.requests, seconds, static_cast<double>(load.requests) / seconds, at(0.5), at(0.99));
  return 0;
}
