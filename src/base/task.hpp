// Work on its own stack, which can stop in the middle and go on later, on another thread.
#pragma once

#include <boost/context/fiber.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace vmms {

/// What a thread of a pool runs. Work that waits through Condition (waiting.hpp) gives its thread back meanwhile, so
/// that it costs a stack, of which only the touched pages are memory, and no thread.
///
/// Since it may continue on another thread, work must not hold a std::mutex while it waits on a Condition of another
/// one, and must not keep thread state (errno, thread_local) across a wait. Inside a catch block or a destructor that
/// unwinding calls, waiting keeps the thread.
class Task : public std::enable_shared_from_this<Task> {
 public:
  using Clock = std::chrono::steady_clock;

  /// `stack_bytes`: of its stack; ignored under sanitizers, whose frames are larger.
  Task(std::function<void()> work, std::size_t stack_bytes);
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  virtual ~Task();

  /// The task that the calling thread runs; null on threads of no pool, and where a wait must keep the thread.
  static Task* current();

  /// On the task: gives the thread back until wake() or `deadline`; may return earlier for no reason.
  void wait_until(Clock::time_point deadline);
  /// From any thread: the task goes on soon. Without effect on one that does not wait, but for one wait that ends
  /// early.
  virtual void wake() = 0;

 protected:
  /// Runs the work until it ends (true) or waits (false). Where there is no memory for a stack, it runs on the
  /// thread's own and keeps the thread when it waits. What the work throws is logged.
  bool run();
  bool begun() const { return begun_; }
  Clock::time_point wait_deadline() const { return wait_deadline_; }

 private:
  struct Switch;

  boost::context::fiber enter(boost::context::fiber&& thread);
  void pause();
  void work() noexcept;

  std::function<void()> work_;
  const std::size_t stack_bytes_;
  bool begun_ = false;
  bool ended_ = false;
  Clock::time_point wait_deadline_ = Clock::time_point::max();
  boost::context::fiber fiber_;   // of the task, while it waits
  boost::context::fiber thread_;  // of the thread that runs it, while it runs
  std::unique_ptr<Switch> switch_;
};

}  // namespace vmms
