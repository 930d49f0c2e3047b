#include "wire/http/io_thread.hpp"

#include "base/log_limiter.hpp"
#include "wire/http/connection.hpp"

#include <boost/asio/buffer.hpp>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace vmms::wire::http {
namespace {

/// Deadlines are checked at most so often.
constexpr auto resolution = std::chrono::milliseconds(20);

}  // namespace

IoThread::IoThread(std::shared_ptr<Shared> shared) : shared_(std::move(shared)), wakeup_(context_) {
  const int wakeup = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wakeup < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  wakeup_.assign(wakeup);
}

IoThread::~IoThread() = default;

void IoThread::run() {
  while (!context_.stopped()) {
    try {
      // A wait that an exception kept from being started again would never report anything.
      if (!listening_) wait_for_messages();
      if (armed_ == Clock::time_point::max() && !connections_.empty()) wake_at(Clock::now());
      context_.run();
    } catch (const std::exception& e) {
      // The state of the connection concerned is undefined; its deadline ends it.
      log_stranger({}, spdlog::level::err, "a connection failed with an exception: {}", e.what());
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // others may give memory back meanwhile
    }
  }
  // Cancelled operations give back what they hold, and a connection that was on its way here is closed, too.
  bool busy = true;
  while (busy) {
    busy = take_messages();
    close_connections();
    timer_.cancel();
    context_.restart();
    busy |= context_.poll() != 0;
  }
}

void IoThread::give_up(Connection& connection, const char* why) {
  spdlog::error("a connection is closed after an exception: {}", why);
  connection.close();
}

void IoThread::put(std::unique_ptr<Message> message) {
  bool first = false;
  {
    const std::scoped_lock lock(messages_mutex_);
    first = messages_.empty();
    messages_.push_back(std::move(message));
  }
  // Where messages are there already, the thread that put the first has woken the I/O thread, or is about to.
  if (first) ::eventfd_write(wakeup_.native_handle(), 1);
}

bool IoThread::take_messages() {
  std::vector<std::unique_ptr<Message>> messages;
  {
    const std::scoped_lock lock(messages_mutex_);
    messages.swap(messages_);
  }
  for (const auto& message : messages) {
    try {
      message->open();
    } catch (const std::exception& e) {
      log_stranger({}, spdlog::level::err, "a connection failed with an exception: {}", e.what());
    }
  }
  return !messages.empty();
}

void IoThread::wait_for_messages() {
  wakeup_.async_read_some(boost::asio::buffer(&wakeups_, sizeof wakeups_),
                          [this](const boost::system::error_code& ec, std::size_t) {
                            listening_ = false;
                            if (ec) return;
                            take_messages();
                            wait_for_messages();
                          });
  listening_ = true;
}

void IoThread::add(const std::shared_ptr<Connection>& connection) { connections_.insert(connection); }

void IoThread::remove(const std::shared_ptr<Connection>& connection) {
  if (connections_.erase(connection) != 0) forget();
}

void IoThread::forget() {
  --load_;
  if (--shared_->connections == 0) {
    const std::scoped_lock lock(shared_->mutex);
    shared_->changed.notify_all();
  }
}

void IoThread::wake_at(Clock::time_point time) {
  // Deadlines mostly move on before they pass: the timer is left alone until then, and set again by the sweep.
  if (time >= armed_) return;
  const auto next = std::max(time, swept_ == Clock::time_point::min() ? time : swept_ + resolution);
  armed_ = Clock::time_point::max();  // until it is: what follows may throw
  timer_.expires_at(next);
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) sweep();
  });
  armed_ = next;
}

void IoThread::sweep() {
  swept_ = Clock::now();
  armed_ = Clock::time_point::max();
  Clock::time_point next = Clock::time_point::max();
  std::vector<std::shared_ptr<Connection>> expired;
  for (const auto& connection : connections_) {
    if (connection->deadline() <= swept_) {
      expired.push_back(connection);
    } else {
      next = std::min(next, connection->deadline());
    }
  }
  wake_at(next);
  for (const auto& connection : expired) {
    if (connection->deadline() > swept_) continue;
    try {
      connection->expired();
    } catch (const std::exception& e) {
      give_up(*connection, e.what());
    }
  }
}

void IoThread::finish_connections() {
  const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
  for (const auto& connection : all) connection->finish();
}

void IoThread::close_connections() {
  const std::vector<std::shared_ptr<Connection>> all(connections_.begin(), connections_.end());
  for (const auto& connection : all) connection->close();
}

}  // namespace vmms::wire::http
