// One thread of the network edge with the connections that live on it.
#pragma once

#include "base/ledger.hpp"
#include "wire/http/authenticator.hpp"
#include "wire/http/exchange.hpp"
#include "wire/http/limits.hpp"
#include "wire/http/places.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace vmms::wire::http {

class Connection;

using Clock = std::chrono::steady_clock;
using Executor = boost::asio::io_context::executor_type;  // concrete: any_io_executor costs a virtual call each time
using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;

/// What all connections of a server share. Lives until the last thread has ended.
struct Shared {
  Shared(const Limits& l, Ledger b, Authenticator& a, Protocols p)
      : limits(l), ledger(std::move(b)), authenticator(a), protocols(std::move(p)) {}

  /// The account that pays for a signed-in user.
  AccountPtr account_of(const cim::Principal& principal) {
    return principal.is_local_root() ? ledger.account(Ledger::Payer::administrator, principal.id())
                                     : ledger.account(Ledger::Payer::principal, principal.id());
  }

  const Limits limits;
  Ledger ledger;
  Authenticator& authenticator;
  const Protocols protocols;

  // Connections without a signed-in user, and those whose clients send no more.
  Places strangers{Ledger::Item::stranger};
  Places locals{Ledger::Item::local};
  Places leaving{Ledger::Item::leaving};
  std::atomic<std::size_t> told_busy = 0;  // see Limits::told_busy

  std::atomic<std::size_t> connections = 0;

  std::mutex mutex;
  std::condition_variable changed;  // connections fell to 0, or a thread ended
  std::size_t threads = 0;          // that run, under the mutex
};

/// An io_context that one thread runs, its connections, and one timer for all their deadlines.
///
/// The context has no locks: once run() has begun, no other thread touches it or its connections. Work for it from
/// other threads goes through post(), so that a request which is answered on this thread takes no lock at all here.
///
/// An Exchange holds its IoThread, so that a late answer finds an executor to be posted to, even when the server is
/// gone.
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
  void stop() {
    post([this] { context_.stop(); });
  }

  /// Calls `action()` on this thread, later. From any thread.
  template <class Action>
  void post(Action action) {
    struct Own : Message {
      explicit Own(Action a) : action(std::move(a)) {}
      void open() override { action(); }
      Action action;
    };
    put(std::make_unique<Own>(std::move(action)));
  }

  /// Calls `action(Connection&)` on this thread if the connection still exists, at once when called on it. From any
  /// thread.
  template <class Action>
  void tell(const std::weak_ptr<Connection>& connection, Action action) {
    auto call = [this, connection, action = std::move(action)]() mutable {
      const auto alive = connection.lock();
      if (!alive) return;
      try {
        action(*alive);
      } catch (const std::exception& e) {
        give_up(*alive, e.what());
      }
    };
    if (context_.get_executor().running_in_this_thread()) return call();
    post(std::move(call));
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
  /// Work that another thread wants done here.
  struct Message {
    virtual ~Message() = default;
    virtual void open() = 0;
  };

  void put(std::unique_ptr<Message> message);
  /// Closes a connection whose answer or verdict was lost on the way.
  void give_up(Connection& connection, const char* why);
  /// False when there were none.
  bool take_messages();
  void wait_for_messages();
  void close_connections();
  void sweep();

  const std::shared_ptr<Shared> shared_;
  boost::asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE};
  boost::asio::posix::basic_stream_descriptor<Executor> wakeup_;  ///< readable when there are messages
  std::uint64_t wakeups_ = 0;
  bool listening_ = false;  ///< to the wakeup
  Timer timer_{context_};
  Clock::time_point armed_ = Clock::time_point::max();
  Clock::time_point swept_ = Clock::time_point::min();
  std::unordered_set<std::shared_ptr<Connection>> connections_;
  std::atomic<std::size_t> load_ = 0;
  std::mutex messages_mutex_;
  std::vector<std::unique_ptr<Message>> messages_;  ///< last: what they hold may belong to the context
};

}  // namespace vmms::wire::http
