// Something read out of a guest that several callers share and that may be a little old.
#pragma once

#include "base/result.hpp"
#include "guest/flight.hpp"
#include "guest/transport.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace vmms::guest {

/// One read at a time; what it gave, success or failure, holds for `age`, and no longer than the agent's connection.
/// Thread-safe.
template <class T>
class SharedRead {
 public:
  SharedRead(std::shared_ptr<Transport> transport, Clock::duration age) : transport_(std::move(transport)), age_(age) {}

  /// `read` must return by its deadline, with timed_out when that was too early.
  Result<T> get(Clock::time_point deadline, const std::function<Result<T>(Clock::time_point)>& read) {
    std::shared_ptr<Flight<T>> flight;
    {
      const std::lock_guard lock(mutex_);
      const std::uint64_t connection = transport_->connection();
      if (!flight_ || connection_ != connection || (flight_->done() && Clock::now() - begun_ > age_)) {
        flight_ = std::make_shared<Flight<T>>([read](Clock::time_point limit) -> std::optional<Result<T>> {
          Result<T> found = read(limit);
          if (!found && found.error().kind == Failure::timed_out) return std::nullopt;
          return found;
        });
        connection_ = connection;
        begun_ = Clock::now();
      }
      flight = flight_;
    }
    const std::optional<Result<T>> found = flight->wait(deadline);
    if (!found) return error(Failure::timed_out, "the deadline passed before the guest answered");
    return *found;
  }

  /// What was read is void.
  void forget() {
    const std::lock_guard lock(mutex_);
    flight_.reset();
  }

 private:
  const std::shared_ptr<Transport> transport_;
  const Clock::duration age_;
  std::mutex mutex_;
  std::shared_ptr<Flight<T>> flight_;
  std::uint64_t connection_ = 0;
  Clock::time_point begun_;
};

}  // namespace vmms::guest
