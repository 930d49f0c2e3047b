#include "wire/http/server.hpp"

#include "base/log_limiter.hpp"
#include "base/thread.hpp"
#include "wire/http/acceptor.hpp"
#include "wire/http/io_thread.hpp"
#include "wire/http/stream_connection.hpp"
#include "wire/http/tls.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <fmt/core.h>
#include <netinet/tcp.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace vmms::wire::http {

using TlsContext = boost::asio::ssl::context;

namespace {

/// An accepted connection on its way from the thread that accepts to the one that serves it.
class Accepted {
 public:
  Accepted(Protocol protocol, int descriptor) : protocol_(protocol), descriptor_(descriptor) {}
  Accepted(Accepted&& other) noexcept : protocol_(other.protocol_), descriptor_(std::exchange(other.descriptor_, -1)) {}
  ~Accepted() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  Socket take(boost::asio::io_context& context) {
    Socket socket(context);
    socket.assign(protocol_, descriptor_);
    descriptor_ = -1;
    return socket;
  }

 private:
  Protocol protocol_;
  int descriptor_;
};

/// So that a client whose host or network is gone is noticed, too, within two minutes.
void keep_alive(Socket& socket) {
  boost::system::error_code ignored;
  using Seconds = boost::asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPIDLE>;
  using Interval = boost::asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPINTVL>;
  using Count = boost::asio::detail::socket_option::integer<IPPROTO_TCP, TCP_KEEPCNT>;
  socket.set_option(boost::asio::socket_base::keep_alive(true), ignored);
  socket.set_option(Seconds(60), ignored);
  socket.set_option(Interval(15), ignored);
  socket.set_option(Count(4), ignored);
}

/// Whether a descriptor of that number leaves fewer than are kept for others. The kernel gives the least number that is
/// free, so this one shows how many are in use.
bool is_scarce(int descriptor, const Connection::Peer& peer, const Limits& limits) {
  rlimit all{};
  if (peer.user_id == 0u || ::getrlimit(RLIMIT_NOFILE, &all) != 0 || all.rlim_cur == RLIM_INFINITY) return false;
  const rlim_t kept = peer.user_id ? std::min<rlim_t>(limits.descriptors_kept_for_root, all.rlim_cur / 4)
                                   : std::min<rlim_t>(limits.descriptors_kept, all.rlim_cur / 2);
  return static_cast<rlim_t>(descriptor) >= all.rlim_cur - kept;
}

/// Finds a place for a new connection; without one it is refused with an answer, or, when there are many of those
/// already, not served at all.
std::optional<Connection::Admission> admit(Shared& shared, const Connection::Peer& peer, bool scarce) {
  const Limits& limits = shared.limits;
  Places& places = peer.user_id ? shared.locals : shared.strangers;
  Connection::Admission admission;
  admission.account = peer.user_id == 0u ? shared.ledger.account(Ledger::Payer::administrator, peer.address)
                                         : shared.ledger.account(Ledger::Payer::address, peer.address);
  if (scarce && !places.displace(*admission.account)) return std::nullopt;
  auto place =
      places.take(admission.account, peer.encrypted ? limits.encrypted_connection_bytes : limits.connection_bytes);
  if (place) {
    admission.place = std::move(*place);
    admission.place->offer([] {});  // before the connection is made: then it will see that it lost its place
    return admission;
  }
  if (shared.told_busy.fetch_add(1) >= limits.told_busy) {
    --shared.told_busy;
    return std::nullopt;
  }
  admission.refusal = place.error().message;
  return admission;
}

void begin(const std::shared_ptr<IoThread>& io, Accepted accepted, const std::shared_ptr<TlsContext>& tls,
           Connection::Peer peer, Connection::Admission admission) {
  std::shared_ptr<Connection> connection;
  const bool told = !admission.refusal.empty();
  try {
    Socket socket = accepted.take(io->context());
    boost::system::error_code ignored;
    if (!peer.user_id) {
      socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
      keep_alive(socket);
    }
    if (tls) {
      using Tls = boost::asio::ssl::stream<Socket>;
      connection = std::make_shared<StreamConnection<Tls>>(*io, std::move(peer), std::move(admission),
                                                           Tls(std::move(socket), *tls));
    } else {
      connection =
          std::make_shared<StreamConnection<Socket>>(*io, std::move(peer), std::move(admission), std::move(socket));
    }
    io->add(connection);
  } catch (const std::exception& e) {
    log_stranger({}, spdlog::level::err, "a connection is given up: {}", e.what());
    if (told) --io->shared().told_busy;
    io->forget();
    return;
  }
  connection->start();
}

}  // namespace

class Server::Implementation {
 public:
  Implementation(ServerOptions options, Authenticator& authenticator, Protocols protocols)
      : options_(std::move(options)),
        shared_(std::make_shared<Shared>(options_.limits, options_.ledger, authenticator, std::move(protocols))) {}

  Result<std::vector<Listener>> open();
  Result<std::vector<Listener>> start();
  Result<std::function<void()>> read_certificate(const TlsFiles& files);
  bool stop(std::chrono::milliseconds grace);

 private:
  /// Where connections come in.
  struct Door {
    Door(IoThread& io, std::shared_ptr<TlsContext> t)
        : acceptor(io.context()), retry(io.context()), tls(std::move(t)) {}
    Acceptor acceptor;
    Timer retry;
    std::shared_ptr<TlsContext> tls;  // null: cleartext; changed by the accepting thread alone
    Listener listener;
    const Handlers* handlers = nullptr;  // of Shared
    std::vector<std::shared_ptr<IoThread>> threads;
  };

  Result<std::vector<Listener>> open_all();
  Status start_threads();
  static void accept(const std::shared_ptr<Door>& door);
  static void accept_again(const std::shared_ptr<Door>& door);
  static void let_in(const std::shared_ptr<Door>& door, Socket socket);
  static void accept_later(const std::shared_ptr<Door>& door, std::string_view why);

  const ServerOptions options_;
  const std::shared_ptr<Shared> shared_;
  /// Only accepts: new connections come in also while a handler holds a thread.
  std::shared_ptr<IoThread> accepting_;
  std::vector<std::shared_ptr<IoThread>> serving_;
  std::vector<std::shared_ptr<Door>> doors_;
  bool stopped_ = false;
};

Result<std::vector<Listener>> Server::Implementation::open() {
  auto listeners = open_all();
  if (!listeners) {
    for (const auto& door : doors_) remove_socket_file(door->listener);
    doors_.clear();
    serving_.clear();
    accepting_.reset();
  }
  return listeners;
}

Result<std::vector<Listener>> Server::Implementation::start() {
  std::vector<Listener> listeners;
  for (const auto& door : doors_) listeners.push_back(door->listener);
  if (!accepting_) {
    auto opened = open();
    if (!opened) return opened;
    listeners = std::move(*opened);
  }
  if (const Status started = start_threads(); !started) {
    stop(std::chrono::milliseconds(0));
    return started.error();
  }
  for (const auto& door : doors_) {
    accepting_->post([door] { accept(door); });
  }
  return listeners;
}

Result<std::vector<Listener>> Server::Implementation::open_all() {
  accepting_ = std::make_shared<IoThread>(shared_);
  for (std::size_t i = 0; i < std::max<std::size_t>(options_.threads, 1); ++i) {
    serving_.push_back(std::make_shared<IoThread>(shared_));
  }
  std::shared_ptr<TlsContext> tls;
  std::vector<Listener> listeners;
  for (Listener listener : options_.listeners) {
    if (!listener.tls && !options_.allow_cleartext && !is_loopback(listener)) {
      return error(Failure::invalid_argument,
                   fmt::format("will not listen on {} without TLS: passwords would cross the network in the clear; use "
                               "--{}s for it (TLS), or set allow-cleartext if the network is yours alone",
                               to_string(listener), listener.protocol.empty() ? "wsman" : listener.protocol));
    }
    const auto protocol = shared_->protocols.find(listener.protocol);
    if (protocol == shared_->protocols.end())
      return error(Failure::internal, fmt::format("nobody answers the protocol {}", listener.protocol));
    if (listener.tls && !tls) {
      auto context = make_tls_context(options_.tls);
      if (!context) return context.error();
      tls = std::move(*context);
    }
    const auto door = std::make_shared<Door>(*accepting_, listener.tls ? tls : nullptr);
    if (const Status opened = http::open(door->acceptor, listener); !opened) {
      if (!listener.is_optional) return opened.error();
      spdlog::warn("{}; going on without it", opened.error().message);
      continue;
    }
    door->listener = listener;
    door->handlers = &protocol->second;
    listeners.push_back(listener);
    door->threads = serving_;
    doors_.push_back(door);
  }
  return listeners;
}

Status Server::Implementation::start_threads() {
  auto threads = serving_;
  threads.push_back(accepting_);
  for (const auto& io : threads) {
    {
      const std::scoped_lock lock(shared_->mutex);
      ++shared_->threads;
    }
    // Detached: stop() must not wait for one that a handler holds.
    const Status started = start_thread("http",
                                        [io, shared = shared_] {
                                          io->run();
                                          const std::scoped_lock lock(shared->mutex);
                                          --shared->threads;
                                          shared->changed.notify_all();
                                        },
                                        {.use = ThreadUse::service, .stack_bytes = 1U << 20});
    if (!started) {
      const std::scoped_lock lock(shared_->mutex);
      --shared_->threads;
      return error(Failure::failed, "no thread can be started for the network: " + started.error().message);
    }
  }
  return {};
}

void Server::Implementation::accept(const std::shared_ptr<Door>& door) {
  door->acceptor.async_accept([door](boost::system::error_code ec, Socket socket) {
    if (!door->acceptor.is_open()) return;
    if (ec == boost::system::errc::too_many_files_open || ec == boost::system::errc::too_many_files_open_in_system ||
        ec == boost::system::errc::not_enough_memory || ec == boost::system::errc::no_buffer_space) {
      return accept_later(door, ec.message());
    }
    try {
      if (!ec) let_in(door, std::move(socket));
    } catch (const std::exception& e) {
      log_stranger({}, spdlog::level::err, "a connection is given up: {}", e.what());
    }
    accept_again(door);
  });
}

/// A listener that does not listen any more would go unnoticed; this thread has nothing else to do.
void Server::Implementation::accept_again(const std::shared_ptr<Door>& door) {
  while (true) {
    try {
      return accept(door);
    } catch (const std::exception& e) {
      log_stranger({}, spdlog::level::err, "cannot accept connections: {}", e.what());
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

Result<std::function<void()>> Server::Implementation::read_certificate(const TlsFiles& files) {
  std::vector<std::shared_ptr<Door>> doors;
  std::copy_if(doors_.begin(), doors_.end(), std::back_inserter(doors),
               [](const auto& door) { return door->listener.tls; });
  if (doors.empty()) return std::function<void()>([] {});
  auto context = make_tls_context(files);
  if (!context) return context.error();
  const std::shared_ptr<TlsContext> tls = std::move(*context);
  return std::function<void()>([accepting = accepting_, doors, tls] {
    for (const auto& door : doors) accepting->post([door, tls] { door->tls = tls; });
  });
}

void Server::Implementation::accept_later(const std::shared_ptr<Door>& door, std::string_view why) {
  spdlog::warn("cannot accept a connection: {}; trying again in a second", why);
  try {
    door->retry.expires_after(std::chrono::seconds(1));
    door->retry.async_wait([door](const boost::system::error_code& cancelled) {
      if (!cancelled) accept_again(door);
    });
  } catch (const std::exception&) {  // there is no memory for that either
    accept_again(door);
  }
}

void Server::Implementation::let_in(const std::shared_ptr<Door>& door, Socket socket) {
  const auto& io = *std::min_element(door->threads.begin(), door->threads.end(),
                                     [](const auto& a, const auto& b) { return a->load() < b->load(); });
  Shared& shared = io->shared();
  Connection::Peer peer = peer_of(socket, door->tls != nullptr);
  peer.handlers = door->handlers;
  auto admission = admit(shared, peer, is_scarce(socket.native_handle(), peer, shared.limits));
  if (!admission) return;
  boost::system::error_code ec;
  const Protocol protocol = door->acceptor.local_endpoint(ec).protocol();
  const bool told = !admission->refusal.empty();
  ++shared.connections;
  ++io->load();
  try {
    io->post([io = io.get(), tls = door->tls, accepted = Accepted(protocol, socket.release(ec)), peer = std::move(peer),
              admission = std::move(*admission)]() mutable {
      begin(io->shared_from_this(), std::move(accepted), tls, std::move(peer), std::move(admission));
    });
  } catch (...) {
    if (told) --shared.told_busy;
    io->forget();
    throw;
  }
}

bool Server::Implementation::stop(std::chrono::milliseconds grace) {
  if (stopped_ || !accepting_) return true;
  stopped_ = true;
  for (const auto& door : doors_) {
    remove_socket_file(door->listener);
    accepting_->post([door] {
      boost::system::error_code ignored;
      door->acceptor.close(ignored);
      door->retry.cancel();
      door->threads.clear();
    });
  }
  doors_.clear();
  for (const auto& io : serving_) {
    io->post([io = io.get()] { io->finish_connections(); });
  }
  const Clock::time_point answered_by = Clock::now() + grace;
  std::unique_lock lock(shared_->mutex);
  shared_->changed.wait_until(lock, answered_by, [this] { return shared_->connections == 0; });
  accepting_->stop();
  for (const auto& io : serving_) io->stop();
  const bool ended = shared_->changed.wait_until(lock, answered_by + std::chrono::milliseconds(500),
                                                 [this] { return shared_->threads == 0; });
  if (!ended) spdlog::warn("{} threads of the HTTP server are held by a handler and are left behind", shared_->threads);
  return ended;
}

Server::Server(ServerOptions options, Authenticator& authenticator, Protocols protocols)
    : implementation_(std::make_unique<Implementation>(std::move(options), authenticator, std::move(protocols))) {}

Server::Server(ServerOptions options, Authenticator& authenticator, Handlers handlers)
    : Server(std::move(options), authenticator, Protocols{{std::string(), std::move(handlers)}}) {}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

Result<std::vector<Listener>> Server::open() { return implementation_->open(); }

Result<std::function<void()>> Server::read_certificate(const TlsFiles& files) {
  return implementation_->read_certificate(files);
}

Result<std::vector<Listener>> Server::start() { return implementation_->start(); }

bool Server::stop(std::chrono::milliseconds grace) { return implementation_->stop(grace); }

}  // namespace vmms::wire::http
