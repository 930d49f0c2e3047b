// One piece of work that several callers wait for.
#pragma once

#include "base/caught_error.hpp"
#include "base/result.hpp"
#include "base/waiting.hpp"
#include "guest/transport/transport.hpp"

#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace vmms::guest {

/// Work in steps, done by one of the callers that wait for it while the others sleep. A caller whose deadline passes
/// leaves, and another continues the work; when the last has left, the work rests until the next caller comes. So no
/// thread belongs to the work, and a caller's deadline ends only that caller's wait.
template <class T>
class Flight {
 public:
  /// Does the next bit and returns by the deadline; nothing: not done yet. Steps never run at the same time.
  using Step = std::function<std::optional<Result<T>>(Clock::time_point deadline)>;

  explicit Flight(Step step) : step_(std::move(step)) {}
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;

  /// The result, or nothing when the deadline passed first.
  std::optional<Result<T>> wait(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    while (!result_ && Clock::now() < deadline) {
      if (driven_) {
        changed_.wait_until(lock, deadline);
        continue;
      }
      drive(
          lock, [&] { return Clock::now() < deadline; }, deadline);
    }
    return result_;
  }

  /// Does one step now if no other caller is doing one. Returns whether the work is done.
  bool poke(Clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    if (!result_ && !driven_)
      drive(
          lock, [] { return false; }, deadline);
    return result_.has_value();
  }

  bool done() const {
    const std::lock_guard lock(mutex_);
    return result_.has_value();
  }

 private:
  template <class GoOn>
  void drive(std::unique_lock<std::mutex>& lock, GoOn go_on, Clock::time_point deadline) {
    driven_ = true;
    lock.unlock();
    std::optional<Result<T>> result;
    do {
      result = step(deadline);
    } while (!result && go_on());
    lock.lock();
    driven_ = false;
    if (result) {
      result_ = std::move(result);
      step_ = nullptr;
      changed_.notify_all();
    } else {
      changed_.notify_one();
    }
  }

  std::optional<Result<T>> step(Clock::time_point deadline) {
    try {
      return step_(deadline);
    } catch (const std::exception&) {
      return Result<T>(caught_error());
    }
  }

  mutable std::mutex mutex_;
  Condition changed_;
  Step step_;
  bool driven_ = false;
  std::optional<Result<T>> result_;
};

}  // namespace vmms::guest
