// SPDX-License-Identifier: Apache-2.0
#include "listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>
#include <vector>

#include "connection.h"
#include "gristmill/base/thread_priority.h"

namespace gristmill::server {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr std::size_t urgent_threads = 4;
constexpr auto sweep_every = std::chrono::milliseconds(250);

Result<asio::ip::address> address_of(asio::io_context& network, const std::string& host) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) return address;
  tcp::resolver resolver(network);
  const auto found = resolver.resolve(host, "", error);
  if (error || found.empty())
    return invalid_argument(fmt::format("--host {}: neither an address nor a name that is known", host));
  return found.begin()->endpoint().address();
}

/// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption; nothing older.
Status configure(asio::ssl::context& context, const ListenerOptions& options) {
  boost::system::error_code error;
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                          asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 |
                          asio::ssl::context::no_compression,
                      error);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_cipher_list(context.native_handle(), "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!eNULL");
  context.use_certificate_chain_file(options.certificate_file, error);
  if (error)
    return invalid_argument(
        fmt::format("TLS certificate {}: {}; a PEM chain is needed", options.certificate_file, error.message()));
  context.use_private_key_file(options.key_file, asio::ssl::context::pem, error);
  if (error) return invalid_argument(fmt::format("TLS key {}: {}", options.key_file, error.message()));
  if (SSL_CTX_check_private_key(context.native_handle()) != 1)
    return invalid_argument(
        fmt::format("the TLS key {} does not belong to {}", options.key_file, options.certificate_file));
  return {};
}

/// Every connection is a descriptor, and so is every open data file of a run. The kernel's table of them is made as
/// large as it will be before there are threads: growing it later holds the thread that accepts up for 10 ms and more.
void prepare_descriptors(std::size_t connections_max) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  constexpr std::size_t other_files = 256;
  const auto last = std::min<rlim_t>(limit.rlim_max - 1, connections_max + other_files);
  if (const int highest = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, static_cast<int>(last)); highest >= 0)
    ::close(highest);
}

}  // namespace

struct Listener::State {
  State(ListenerOptions options, Service service)
      : handlers(static_cast<std::size_t>(options.threads)),
        urgent(urgent_threads),
        shared{.bodies = BodyBudget(options.bodies_bytes_max),
               .options = std::move(options),
               .service = std::move(service),
               .network = network,
               .handlers = handlers,
               .outbox = std::make_shared<Outbox>(network),
               .urgent = urgent},
        tls(asio::ssl::context::tls_server),
        acceptor(network),
        retry(network),
        sweeper(network),
        grace(network) {}

  Status bind() {
    GRISTMILL_TRY(const auto address, address_of(network, shared.options.host));
    const tcp::endpoint endpoint(address, shared.options.port);
    boost::system::error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(512, error);
    if (error)
      return unavailable(
          fmt::format("cannot listen at {}, port {}: {}", shared.options.host, shared.options.port, error.message()));
    bound_port = acceptor.local_endpoint(error).port();
    return {};
  }

  void accept() {
    acceptor.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (shared.is_stopping) return;
      if (error) {
        // Out of descriptors, say: waiting is better than asking again at once.
        retry.expires_after(std::chrono::milliseconds(100));
        retry.async_wait([this](boost::system::error_code stopped) {
          if (!stopped && !shared.is_stopping) accept();
        });
        return;
      }
      welcome(std::move(socket));
      accept();
    });
  }

  void welcome(tcp::socket socket) {
    boost::system::error_code error;
    ++shared.figures.connections_accepted;
    if (shared.connections.size() >= shared.options.connections_max) {
      ++shared.figures.connections_refused;
      socket.close(error);
      return;
    }
    socket.set_option(tcp::no_delay(true), error);
    auto remote = socket.remote_endpoint(error).address().to_string(error);
    auto transport = is_encrypted() ? tls_transport(std::move(socket), tls) : plain_transport(std::move(socket));
    auto connection = make_connection(shared, std::move(transport), std::move(remote), is_encrypted());
    shared.connections.insert(connection);
    connection->start();
    count_connections();
  }

  void sweep() {
    sweeper.expires_after(sweep_every);
    sweeper.async_wait([this](boost::system::error_code error) {
      if (error) return;
      const auto now = std::chrono::steady_clock::now();
      for (const auto& connection : all()) connection->check_deadline(now);
      count_connections();
      if (shared.is_stopping && shared.connections.empty()) return end();
      sweep();
    });
  }

  void wind_up() {
    if (shared.is_stopping) return;
    shared.is_stopping = true;
    boost::system::error_code ignored;
    acceptor.close(ignored);
    retry.cancel();
    for (const auto& connection : all()) connection->wind_up();
    if (shared.connections.empty()) return end();
    grace.expires_after(std::chrono::milliseconds(shared.options.grace_ms));
    grace.async_wait([this](boost::system::error_code error) {
      if (error) return;
      for (const auto& connection : all()) connection->close();
      end();
    });
  }

  /// Ends `run`: no timer is left that would keep it.
  void end() {
    grace.cancel();
    sweeper.cancel();
    network.stop();
  }

  /// Drops what waits for a thread, and waits for what has one.
  void end_handlers() {
    handlers.stop();
    urgent.stop();
    handlers.join();
    urgent.join();
  }

  /// A copy: connections leave the set while it is walked.
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> all() const {
    return {shared.connections.begin(), shared.connections.end()};
  }

  /// The figures are read by other threads.
  void count_connections() {
    const std::scoped_lock lock(figures_mutex);
    published = shared.figures;
    published.connections_open = shared.connections.size();
  }

  [[nodiscard]] bool is_encrypted() const { return !shared.options.certificate_file.empty(); }

  asio::io_context network{1};
  asio::thread_pool handlers;
  asio::thread_pool urgent;
  Shared shared;
  asio::ssl::context tls;
  tcp::acceptor acceptor;
  asio::steady_timer retry;
  asio::steady_timer sweeper;
  asio::steady_timer grace;
  std::uint16_t bound_port = 0;
  std::atomic<bool> is_stop_asked = false;
  mutable std::mutex figures_mutex;
  ListenerFigures published;
};

Listener::Listener(std::unique_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() {
  state_->end_handlers();
  state_->shared.connections.clear();
}

Result<std::unique_ptr<Listener>> Listener::open(const ListenerOptions& options, Service service) {
  prepare_descriptors(options.connections_max);
  auto state = std::make_unique<State>(options, std::move(service));
  if (state->is_encrypted()) GRISTMILL_RETURN_IF_ERROR(configure(state->tls, options));
  GRISTMILL_RETURN_IF_ERROR(state->bind());
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

std::uint16_t Listener::port() const { return state_->bound_port; }

ListenerFigures Listener::figures() const {
  const std::scoped_lock lock(state_->figures_mutex);
  return state_->published;
}

void Listener::run() {
  make_urgent(1);
  state_->accept();
  state_->sweep();
  state_->network.run();
  // Handlers whose clients are gone, or got no more time, may still use what goes once this returns.
  state_->end_handlers();
}

Status Listener::renew_certificate() {
  auto renewed = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  GRISTMILL_RETURN_IF_ERROR(configure(*renewed, state_->shared.options));
  // Connections that are open hold on to the one before.
  asio::post(state_->network, [this, renewed = std::move(renewed)] { state_->tls = std::move(*renewed); });
  return {};
}

void Listener::stop() {
  if (state_->is_stop_asked.exchange(true)) return;
  asio::post(state_->network, [this] { state_->wind_up(); });
}

bool Listener::is_stopping() const { return state_->is_stop_asked; }

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  boost::system::error_code error;
  const auto address = asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

}  // namespace gristmill::server
