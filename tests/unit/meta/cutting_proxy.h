// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

/// Stands between a client and a server on loopback, and cuts a connection when a word comes by: before the server sees
/// it, or after the server has answered it.
class CuttingProxy {
 public:
  enum class Cut { never, before, after };

  CuttingProxy(int server_port, std::string word) : server_port_(server_port), word_(std::move(word)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    auto address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(listener_, as_socket(address), size) != 0 || ::listen(listener_, 16) != 0) return;
    ::getsockname(listener_, as_socket(address), &size);
    port_ = ntohs(address.sin_port);
    threads_.emplace_back([this] { accept_all(); });
  }
  ~CuttingProxy() {
    is_ending_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    threads_.clear();
    ::close(listener_);
  }
  CuttingProxy(const CuttingProxy&) = delete;
  CuttingProxy& operator=(const CuttingProxy&) = delete;

  [[nodiscard]] int port() const { return port_; }
  /// The next connection that says the word is cut; later ones are left alone.
  void arm(Cut cut) { cut_ = cut; }
  [[nodiscard]] int cuts() const { return cuts_; }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    return address;
  }
  static sockaddr* as_socket(sockaddr_in& address) { return static_cast<sockaddr*>(static_cast<void*>(&address)); }

  void accept_all() {
    while (!is_ending_) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) continue;
      const int server = ::socket(AF_INET, SOCK_STREAM, 0);
      auto address = loopback(server_port_);
      if (::connect(server, as_socket(address), sizeof address) == 0)
        threads_.emplace_back([this, client, server] { pass(client, server); });
    }
  }

  /// Passes what comes from one to the other; false when there is no more.
  static bool forward(int from, int to, std::string* seen) {
    std::array<char, 65536> buffer{};
    const auto count = ::recv(from, buffer.data(), buffer.size(), 0);
    if (count <= 0) return false;
    if (seen != nullptr) {
      seen->assign(buffer.data(), static_cast<std::size_t>(count));
      return true;
    }
    return ::send(to, buffer.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL) == count;
  }

  void pass(int client, int server) {
    std::array<pollfd, 2> ends{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    bool is_cut = false;
    while (!is_cut && !is_ending_) {
      if (::poll(ends.data(), ends.size(), 50) <= 0) continue;
      if (ends[1].revents != 0 && !forward(server, client, nullptr)) break;
      if (ends[0].revents == 0) continue;
      std::string said;
      if (!forward(client, server, &said)) break;
      const auto cut = said.find(word_) == std::string::npos ? Cut::never : cut_.exchange(Cut::never);
      is_cut = cut != Cut::never;
      if (cut == Cut::before) break;
      if (::send(server, said.data(), said.size(), MSG_NOSIGNAL) < 0) break;
      // The answer has come, so the server has done it; nobody is told.
      if (cut == Cut::after) ::poll(&ends[1], 1, 5000);
    }
    cuts_ += is_cut ? 1 : 0;
    ::close(client);
    ::close(server);
  }

  int server_port_;
  std::string word_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<Cut> cut_ = Cut::never;
  std::atomic<int> cuts_ = 0;
  std::atomic<bool> is_ending_ = false;
  std::vector<std::jthread> threads_;
};
