#include "wire/http/io_thread.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <exception>
#include <vector>

#include "wire/http/connection.hpp"

namespace vmms::wire::http {
namespace {

/// Deadlines are checked at most so often.
constexpr auto resolution = std::chrono::milliseconds(20);

}  // namespace

IoThread::IoThread(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

IoThread::~IoThread() = default;

void IoThread::run() {
  const auto guard = boost::asio::make_work_guard(context_);
  while (!context_.stopped()) {
    try {
      context_.run();
    } catch (const std::exception& e) {
      // The connection concerned has lost its way; its deadline ends it.
      spdlog::error("a connection failed with an exception: {}", e.what());
    }
  }
  // Cancelled operations give back what they hold, and a connection that was on its way here is closed, too.
  do {
    close_connections();
    timer_.cancel();
    context_.restart();
  } while (context_.poll() != 0);
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
  // Deadlines mostly move on before they pass: the timer is left alone until then, and set anew by the sweep.
  if (time >= armed_) return;
  armed_ = std::max(time, swept_ == Clock::time_point::min() ? time : swept_ + resolution);
  timer_.expires_at(armed_);
  timer_.async_wait([this](const boost::system::error_code& ec) {
    if (!ec) sweep();
  });
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
    if (connection->deadline() <= swept_) connection->expired();
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
