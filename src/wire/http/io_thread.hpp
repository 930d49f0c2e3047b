// One thread of the network edge with the connections that live on it.
#pragma once

#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>

#include "wire/http/authenticator.hpp"
#include "wire/http/exchange.hpp"
#include "wire/http/limits.hpp"

namespace vmms::wire::http {

class Connection;

using Clock = std::chrono::steady_clock;
using Executor = boost::asio::io_context::executor_type;  // concrete: any_io_executor costs a virtual call each time
using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;

/// What all connections of a server share. Lives until the last thread has ended.
struct Shared {
  Shared(const Limits& l, Authenticator& a, Protocols p) : limits(l), authenticator(a), protocols(std::move(p)) {}

  const Limits limits;
  Authenticator& authenticator;
  const Protocols protocols;

  std::atomic<std::size_t> body_bytes = 0;  // see Limits::all_body_bytes
  std::atomic<std::size_t> connections = 0;

  std::mutex mutex;
  std::condition_variable changed;  // connections fell to 0, or a thread ended
  std::size_t threads = 0;          // that run, under the mutex
};

/// An io_context that one thread runs, its connections, and one timer for all their deadlines.
///
/// Whoever holds an Exchange also holds the IoThread, so that a late answer finds an executor to be posted to, even
/// when the server is gone.
class IoThread : public std::enable_shared_from_this<IoThread> {
 public:
  explicit IoThread(std::shared_ptr<Shared> shared);
  ~IoThread();

  Shared& shared() { return *shared_; }
  boost::asio::io_context& context() { return context_; }
  /// Connections given to this thread, to balance the threads. From any thread.
  std::atomic<std::size_t>& load() { return load_; }

  /// Runs until stop(); then closes what is left.
  void run();
  /// Makes run() return. From any thread.
  void stop() { context_.stop(); }

  /// Calls `action(Connection&)` on this thread if the connection still is, at once when called on it.
  template <class Action>
  void tell(const std::weak_ptr<Connection>& connection, Action action) {
    boost::asio::dispatch(context_.get_executor(), [connection, action = std::move(action)]() mutable {
      if (const auto alive = connection.lock()) action(*alive);
    });
  }

  // The rest is for this thread only.
  void add(const std::shared_ptr<Connection>& connection);
  void remove(const std::shared_ptr<Connection>& connection);
  /// For one that was counted and never added.
  void forget();
  /// Connection::expired() of any connection with a deadline at `time` or before is called soon after.
  void wake_at(Clock::time_point time);
  /// Lets answers in progress finish, closes all other connections.
  void finish_connections();

 private:
  void close_connections();
  void sweep();

  const std::shared_ptr<Shared> shared_;
  boost::asio::io_context context_{1};
  Timer timer_{context_};
  Clock::time_point armed_ = Clock::time_point::max();
  Clock::time_point swept_ = Clock::time_point::min();
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::atomic<std::size_t> load_ = 0;
};

}  // namespace vmms::wire::http
