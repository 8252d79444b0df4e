// SPDX-License-Identifier: Apache-2.0
// http_load PORT REQUESTS_A_SECOND SECONDS CONNECTIONS TOKEN PATH: an open-loop load of GET requests. Requests leave at
// fixed times whatever the answers do, and a time counts from when its request was due: a server that stalls cannot
// hide the requests that it kept waiting. Prints a line of JSON.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

int connect_to(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int one = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  // POSIX's own cast: a sockaddr_in is a sockaddr by its first members.
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) std::exit(1);
  return socket;
}

/// Reads one answer with Content-Length; true when its status is 200.
bool read_answer(int socket, std::string& buffer) {
  buffer.clear();
  char piece[16384];
  std::size_t whole = std::string::npos;
  while (buffer.size() < whole) {
    const auto got = ::recv(socket, piece, sizeof piece, 0);
    if (got <= 0) return false;
    buffer.append(piece, static_cast<std::size_t>(got));
    const auto end = buffer.find("\r\n\r\n");
    if (whole != std::string::npos || end == std::string::npos) continue;
    constexpr std::string_view name = "Content-Length: ";
    const auto length = buffer.find(name);
    if (length == std::string::npos) return false;
    whole = end + 4 + std::strtoul(buffer.c_str() + length + name.size(), nullptr, 10);
  }
  return buffer.starts_with("HTTP/1.1 200");
}

struct Load {
  int port;
  double a_second;
  double seconds;
  int connections;
  std::string request;
};

/// Every so-many-th request of the load, over one connection.
void drive(const Load& load, int index, Clock::time_point start, std::vector<double>& times, int& failures) {
  const int socket = connect_to(load.port);
  std::string buffer;
  const auto total = static_cast<int>(load.a_second * load.seconds);
  for (int i = index; i < total; i += load.connections) {
    const auto due = start +
                     std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(i / load.a_second));
    std::this_thread::sleep_until(due);
    const bool is_sent = ::send(socket, load.request.data(), load.request.size(), MSG_NOSIGNAL) ==
                         static_cast<ssize_t>(load.request.size());
    if (!is_sent || !read_answer(socket, buffer)) {
      ++failures;
      break;
    }
    times.push_back(std::chrono::duration<double>(Clock::now() - due).count());
  }
  ::close(socket);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const Load load{.port = std::atoi(argv[1]),
                  .a_second = std::atof(argv[2]),
                  .seconds = std::atof(argv[3]),
                  .connections = std::atoi(argv[4]),
                  .request = fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\r\n",
                                         argv[6], argv[5])};
  const auto count = static_cast<std::size_t>(load.connections);
  std::vector<std::vector<double>> times(count);
  std::vector<int> failures(count);
  const auto start = Clock::now() + std::chrono::milliseconds(50);
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < count; ++i)
      threads.emplace_back([&, i] { drive(load, static_cast<int>(i), start, times[i], failures[i]); });
  }
  std::vector<double> all;
  int failed = 0;
  for (std::size_t i = 0; i < count; ++i) {
    all.insert(all.end(), times[i].begin(), times[i].end());
    failed += failures[i];
  }
  if (all.empty()) return 1;
  std::ranges::sort(all);
  const auto at = [&](double share) {
    return all[static_cast<std::size_t>(share * static_cast<double>(all.size() - 1))];
  };
  fmt::print("{{\"requests\": {}, \"failed\": {}, \"p50_ms\": {:.3f}, \"p99_ms\": {:.3f}, \"max_ms\": {:.3f}}}\n",
             all.size(), failed, at(0.5) * 1e3, at(0.99) * 1e3, all.back() * 1e3);
  return failed == 0 ? 0 : 1;
}
