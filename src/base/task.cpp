#include "base/task.hpp"

#include "base/sanitizer.hpp"

#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <unistd.h>

#include <exception>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#ifdef VMMS_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef VMMS_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace vmms {

namespace {

thread_local Task* running = nullptr;

/// The running task changes threads at a wait; a compiler that has read the address of a thread's variable before must
/// not use it afterwards.
[[gnu::noinline]] Task* exchange_running(Task* task) { return std::exchange(running, task); }

/// Stacks of ended tasks, for the next ones: making one costs three system calls and the first touch of its pages.
class Stacks {
 public:
  static Stacks& all() {
    static auto* stacks = new Stacks;  // tasks may end after the statics are gone
    return *stacks;
  }

  boost::context::stack_context take(std::size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty() && free_.back().size == bytes + page()) {
        const auto stack = free_.back();
        free_.pop_back();
        return stack;
      }
    }
    const std::size_t size = bytes + page();
    void* bottom = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bottom == MAP_FAILED) throw std::bad_alloc();
    if (::mprotect(bottom, page(), PROT_NONE) != 0) {  // guard page: an overflow stops there
      ::munmap(bottom, size);
      throw std::bad_alloc();
    }
    boost::context::stack_context stack;
    stack.size = size;
    stack.sp = static_cast<char*>(bottom) + size;
    return stack;
  }

  void give(const boost::context::stack_context& stack) noexcept {
    {
      const std::lock_guard lock(mutex_);
      if (free_.size() < free_.capacity()) return free_.push_back(stack);
    }
    ::munmap(static_cast<char*>(stack.sp) - stack.size, stack.size);
  }

  static std::size_t page() {
    static const auto bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return bytes;
  }

 private:
  Stacks() { free_.reserve(64); }

  std::mutex mutex_;
  std::vector<boost::context::stack_context> free_;
};

/// As Boost.Context wants it.
struct StackAllocator {
  std::size_t bytes;
  boost::context::stack_context allocate() const { return Stacks::all().take(bytes); }
  void deallocate(boost::context::stack_context& stack) const noexcept { Stacks::all().give(stack); }
};

}  // namespace

/// Tells the sanitizers which stack is in use.
struct Task::Switch {
#ifdef VMMS_ADDRESS_SANITIZER
  const void* task_bottom = nullptr;
  std::size_t task_size = 0;
  const void* thread_bottom = nullptr;
  std::size_t thread_size = 0;
  void* task_fake = nullptr;
  void* thread_fake = nullptr;
#endif
#ifdef VMMS_THREAD_SANITIZER
  void* task_fiber = __tsan_create_fiber(0);
  void* thread_fiber = nullptr;
  ~Switch() { __tsan_destroy_fiber(task_fiber); }
#endif

  // On the thread, around the switch to the task.
  [[gnu::always_inline]] inline void to_task() {
#ifdef VMMS_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(&thread_fake, task_bottom, task_size);
#endif
#ifdef VMMS_THREAD_SANITIZER
    thread_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(task_fiber, 0);
#endif
  }
  [[gnu::always_inline]] inline void on_thread() {
#ifdef VMMS_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(thread_fake, nullptr, nullptr);
#endif
#ifdef VMMS_THREAD_SANITIZER
    if (__tsan_get_current_fiber() == task_fiber) __tsan_switch_to_fiber(thread_fiber, 0);
#endif
  }
  // On the task, around the switch to the thread.
  [[gnu::always_inline]] inline void to_thread([[maybe_unused]] bool for_ever) {
#ifdef VMMS_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(for_ever ? nullptr : &task_fake, thread_bottom, thread_size);
#endif
#ifdef VMMS_THREAD_SANITIZER
    // At the end on_thread() does it: the functions that end the stack must leave the task's list of calls, not the
    // thread's, which would run empty and beyond.
    if (!for_ever) __tsan_switch_to_fiber(thread_fiber, 0);
#endif
  }
  void on_task() {
#ifdef VMMS_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(task_fake, &thread_bottom, &thread_size);
#endif
  }
};

Task::Task(std::function<void()> work, std::size_t stack_bytes)
    : work_(std::move(work)),
      stack_bytes_(((sanitized ? std::size_t{2} << 20 : stack_bytes) + Stacks::page() - 1) / Stacks::page() *
                   Stacks::page()) {}

Task::~Task() = default;

Task* Task::current() {
  if (running == nullptr || !running->thread_) return nullptr;
  // What is being thrown or caught belongs to the thread.
  if (std::uncaught_exceptions() > 0 || std::current_exception()) return nullptr;
  return running;
}

void Task::work() noexcept {
  try {
    work_();
  } catch (const std::exception& e) {
    spdlog::error("a task of the worker pool threw an exception: {}", e.what());
  } catch (...) {
    spdlog::error("a task of the worker pool threw something that is no std::exception");
  }
  try {
    work_ = nullptr;  // what it holds may take its time, too
  } catch (...) {
    spdlog::error("what a task of the worker pool held threw an exception when it went");
  }
}

boost::context::fiber Task::enter(boost::context::fiber&& thread) {
  switch_->on_task();
  thread_ = std::move(thread);
  work();
  ended_ = true;
  switch_->to_thread(true);
  return std::move(thread_);
}

bool Task::run() {
  if (!std::exchange(begun_, true)) {
    try {
      switch_ = std::make_unique<Switch>();
      StackAllocator allocator{stack_bytes_};
      const boost::context::stack_context stack = allocator.allocate();
#ifdef VMMS_ADDRESS_SANITIZER
      switch_->task_bottom = static_cast<char*>(stack.sp) - stack.size;
      switch_->task_size = stack.size;
#endif
      fiber_ =
          boost::context::fiber(std::allocator_arg, boost::context::preallocated(stack.sp, stack.size, stack),
                                allocator, [this](boost::context::fiber&& thread) { return enter(std::move(thread)); });
    } catch (const std::bad_alloc&) {
      Task* const before = exchange_running(this);
      work();
      exchange_running(before);
      return true;
    }
  }
  Task* const before = exchange_running(this);
  switch_->to_task();
  fiber_ = std::move(fiber_).resume();
  switch_->on_thread();
  exchange_running(before);
  return ended_;
}

void Task::pause() {
  switch_->to_thread(false);
  thread_ = std::move(thread_).resume();
  switch_->on_task();
}

void Task::wait_until(Clock::time_point deadline) {
  wait_deadline_ = deadline;
  pause();
}

}  // namespace vmms
