#include "base/waiting.hpp"

#include <thread>
#include <utility>

namespace vmms {

/// On the stack of the waiting code; taken from the list by the thread that wakes it.
struct Condition::Waiter {
  std::shared_ptr<Task> task;  // null once it has been woken
  Waiter* previous = nullptr;
  Waiter* next = nullptr;
};

std::cv_status Condition::wait_until(std::unique_lock<std::mutex>& lock, Clock::time_point deadline) {
  Task* const task = Task::current();
  if (task == nullptr) {
    if (deadline == Clock::time_point::max()) {
      threads_.wait(lock);
      return std::cv_status::no_timeout;
    }
    return threads_.wait_until(lock, deadline);
  }
  Waiter waiter{task->shared_from_this()};
  {
    const std::lock_guard own(mutex_);
    waiter.previous = last_;
    (last_ ? last_->next : first_) = &waiter;
    last_ = &waiter;
  }
  lock.unlock();
  task->wait_until(deadline);
  bool woken = false;
  {
    const std::lock_guard own(mutex_);
    woken = waiter.task == nullptr;
    if (!woken) {
      (waiter.previous ? waiter.previous->next : first_) = waiter.next;
      (waiter.next ? waiter.next->previous : last_) = waiter.previous;
    }
  }
  lock.lock();
  return !woken && Clock::now() >= deadline ? std::cv_status::timeout : std::cv_status::no_timeout;
}

std::shared_ptr<Task> Condition::take_first() {
  const std::lock_guard own(mutex_);
  if (first_ == nullptr) return nullptr;
  Waiter& waiter = *first_;
  first_ = waiter.next;
  (first_ ? first_->previous : last_) = nullptr;
  return std::move(waiter.task);
}

void Condition::notify_one() {
  if (const std::shared_ptr<Task> task = take_first()) return task->wake();
  threads_.notify_one();
}

void Condition::notify_all() {
  threads_.notify_all();
  while (const std::shared_ptr<Task> task = take_first()) task->wake();
}

bool TaskMutex::take(Condition::Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (!free_.wait_until(lock, deadline, [this] { return !held_; })) return false;
  held_ = true;
  return true;
}

bool TaskMutex::try_lock() {
  const std::lock_guard lock(mutex_);
  return !std::exchange(held_, true);
}

void TaskMutex::unlock() {
  const std::lock_guard lock(mutex_);
  held_ = false;
  free_.notify_one();
}

void sleep_until(Task::Clock::time_point time) {
  Task* const task = Task::current();
  if (task == nullptr) return std::this_thread::sleep_until(time);
  while (Task::Clock::now() < time) task->wait_until(time);
}

}  // namespace vmms
