// Something read out of a guest that several callers share and that may be a little old.
#pragma once

#include "base/ledger.hpp"
#include "base/result.hpp"
#include "guest/agent/agent.hpp"
#include "guest/agent/flight.hpp"
#include "guest/transport/transport.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

namespace vmms::guest {

/// One read at a time; what it gave, success or failure, holds for `age`, and no longer than the agent's connection. A
/// failure of our own (out of memory, the account cannot pay) says nothing about the guest and goes only to the callers
/// that waited for it. `account` pays for what is kept. Thread-safe.
template <class T>
class SharedRead {
 public:
  using Memory = std::size_t (*)(const T&);

  SharedRead(std::shared_ptr<Transport> transport, Clock::duration age, AccountPtr account, Memory memory)
      : transport_(std::move(transport)), age_(age), account_(std::move(account)), memory_(memory) {}

  /// `read` must return by its deadline, with timed_out when that was too early.
  Result<T> get(Clock::time_point deadline, const std::function<Result<T>(Clock::time_point)>& read) {
    std::shared_ptr<Flight<T>> flight;
    {
      const std::lock_guard lock(mutex_);
      const std::uint64_t connection = transport_->connection();
      if (!flight_ || connection_ != connection || (flight_->done() && (ours_ || Clock::now() - begun_ > age_))) {
        flight_ = std::make_shared<Flight<T>>([this, read](Clock::time_point limit) -> std::optional<Result<T>> {
          ours_ = true;  // also when an exception ends it
          Result<T> found = read(limit);
          if (!found && found.error().kind == Failure::timed_out) return std::nullopt;
          if (found)
            if (const Status paid = pay(memory_(*found)); !paid) return Result<T>(paid.error());
          ours_ = !found && found.error().kind == Failure::internal;
          return found;
        });
        connection_ = connection;
        begun_ = Clock::now();
      }
      flight = flight_;
    }
    const std::optional<Result<T>> found = flight->wait(deadline);
    if (!found) return late_error(*transport_, "the deadline passed before the guest answered");
    return *found;
  }

  /// Makes what was read void.
  void forget() {
    const std::lock_guard lock(mutex_);
    flight_.reset();
  }

 private:
  Status pay(std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    Result<Charge> charged = charge(account_, Ledger::Item::guest_data, bytes);
    if (!charged) return charged.error();
    charge_ = std::move(*charged);
    return {};
  }

  const std::shared_ptr<Transport> transport_;
  const Clock::duration age_;
  const AccountPtr account_;
  const Memory memory_;
  std::mutex mutex_;
  std::shared_ptr<Flight<T>> flight_;
  std::uint64_t connection_ = 0;
  Clock::time_point begun_;
  std::atomic<bool> ours_ = false;  ///< what the last read gave is a failure of our own
  Charge charge_;
};

}  // namespace vmms::guest
