// Waiting in work that may run in the worker pool, where a task that waits gives its thread back.
#pragma once

#include "base/task.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>

namespace vmms {

/// A condition variable for std::mutex and the steady clock. As with any, a wait may end for no reason. It must exist
/// until notify_one() or notify_all() has returned, and until every wait has.
class Condition {
 public:
  using Clock = Task::Clock;

  Condition() = default;
  Condition(const Condition&) = delete;
  Condition& operator=(const Condition&) = delete;

  void wait(std::unique_lock<std::mutex>& lock) { wait_until(lock, Clock::time_point::max()); }
  std::cv_status wait_until(std::unique_lock<std::mutex>& lock, Clock::time_point deadline);

  template <class Predicate>
  void wait(std::unique_lock<std::mutex>& lock, Predicate predicate) {
    while (!predicate()) wait(lock);
  }
  /// Returns what `predicate` says at the end.
  template <class Predicate>
  bool wait_until(std::unique_lock<std::mutex>& lock, Clock::time_point deadline, Predicate predicate) {
    while (!predicate())
      if (wait_until(lock, deadline) == std::cv_status::timeout) return predicate();
    return true;
  }
  template <class Predicate>
  bool wait_for(std::unique_lock<std::mutex>& lock, Clock::duration time, Predicate predicate) {
    return wait_until(lock, Clock::now() + time, std::move(predicate));
  }

  void notify_one();
  void notify_all();

 private:
  struct Waiter;

  std::shared_ptr<Task> take_first();

  std::condition_variable threads_;  // waiters that keep their thread
  std::mutex mutex_;
  Waiter* first_ = nullptr;  // of the tasks that wait, the longest waiting; under mutex_
  Waiter* last_ = nullptr;
};

/// A mutex that may be held across such waits, and whose own wait is one. For std::lock_guard and std::unique_lock,
/// also with a time. With a std::mutex, the tasks that wait for it can use up all threads: the one that could release
/// it finds none to continue on.
class TaskMutex {
 public:
  void lock() { take(Condition::Clock::time_point::max()); }
  bool try_lock();
  bool try_lock_until(Condition::Clock::time_point deadline) { return take(deadline); }
  void unlock();

 private:
  bool take(Condition::Clock::time_point deadline);

  std::mutex mutex_;
  Condition free_;
  bool held_ = false;
};

/// As std::this_thread::sleep_until.
void sleep_until(Task::Clock::time_point time);
inline void sleep_for(Task::Clock::duration time) { sleep_until(Task::Clock::now() + time); }

}  // namespace vmms
