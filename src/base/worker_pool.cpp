#include "base/worker_pool.hpp"

#include <fmt/core.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

namespace vmms {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

using Task = std::function<void()>;
using Clock = std::chrono::steady_clock;

/// How long a task computes before it gives way: others wait no longer, and it still gets on while they never rest.
constexpr auto computing_time = std::chrono::microseconds(250);

/// Since when the thread's task computes without a break; never on threads of no pool.
thread_local Clock::time_point computing_since = Clock::time_point::max();

void run(Task& task) {
  computing_since = Clock::now();
  try {
    task();
  } catch (const std::exception& e) {
    spdlog::error("a task of the worker pool threw an exception: {}", e.what());
  } catch (...) {
    spdlog::error("a task of the worker pool threw something that is no std::exception");
  }
}

}  // namespace

struct WorkerPool::State {
  /// The tasks of one key.
  struct Lane {
    std::string key;
    std::deque<Task> waiting;
    std::size_t running = 0;
    std::size_t most_running = 0;
    bool ready = false;  // in `ready`
  };

  explicit State(Options o) : options(o) {}

  // All below need the mutex.
  void make_ready(const std::shared_ptr<State>& self, Lane& lane);
  int add_thread(const std::shared_ptr<State>& self);
  void work(std::unique_lock<std::mutex>& lock, const std::shared_ptr<State>& self);

  static void* main(void* argument);

  const Options options;
  std::mutex mutex;
  std::condition_variable changed;  // for idle threads
  std::condition_variable ended;    // for stop()
  std::unordered_map<std::string_view, std::unique_ptr<Lane>> lanes;
  std::deque<Lane*> ready;  // each has at least one task that may start now
  std::size_t threads = 0;
  std::size_t idle = 0;  // of them, those that wait for work, notified ones included
  std::size_t waiting = 0;
  bool stopping = false;
};

void WorkerPool::State::make_ready(const std::shared_ptr<State>& self, Lane& lane) {
  if (lane.ready || lane.waiting.empty() || lane.running >= lane.most_running) return;
  lane.ready = true;
  ready.push_back(&lane);
  // `idle` counts a notified thread until it has taken its lane, hence so does `ready`: no lane is left to a thread
  // that another lane has already called.
  if (ready.size() <= idle) {
    changed.notify_one();
  } else if (threads < options.threads) {
    if (const int failed = add_thread(self); failed != 0) {
      spdlog::warn("cannot start another worker thread ({} run): {}", threads,
                   std::error_code(failed, std::system_category()).message());
    }
  }
}

int WorkerPool::State::add_thread(const std::shared_ptr<State>& self) {
  pthread_attr_t attributes;
  if (const int failed = pthread_attr_init(&attributes); failed != 0) return failed;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (!sanitized) {
    pthread_attr_setstacksize(&attributes, std::max<std::size_t>(options.stack_bytes, PTHREAD_STACK_MIN));
  }
  // Signals are the main thread's business.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto argument = std::make_unique<std::shared_ptr<State>>(self);
  pthread_t thread;
  const int failed = pthread_create(&thread, &attributes, &State::main, argument.get());
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  if (failed == 0) {
    argument.release();
    ++threads;
  }
  return failed;
}

void* WorkerPool::State::main(void* argument) {
  const std::unique_ptr<std::shared_ptr<State>> self(static_cast<std::shared_ptr<State>*>(argument));
  State& state = **self;
  pthread_setname_np(pthread_self(), "worker");
  std::unique_lock lock(state.mutex);
  while (!state.stopping) {
    if (!state.ready.empty()) {
      state.work(lock, *self);
      continue;
    }
    ++state.idle;
    const bool called =
        state.changed.wait_for(lock, state.options.idle, [&state] { return state.stopping || !state.ready.empty(); });
    --state.idle;
    if (!called) break;
  }
  --state.threads;
  state.ended.notify_all();
  return nullptr;
}

void WorkerPool::State::work(std::unique_lock<std::mutex>& lock, const std::shared_ptr<State>& self) {
  Lane& lane = *ready.front();
  ready.pop_front();
  lane.ready = false;
  Task task = std::move(lane.waiting.front());
  lane.waiting.pop_front();
  --waiting;
  ++lane.running;
  make_ready(self, lane);

  lock.unlock();
  run(task);
  task = nullptr;  // what it holds may take its time, too
  lock.lock();

  --lane.running;
  if (lane.running == 0 && lane.waiting.empty()) {
    lanes.erase(lanes.find(lane.key));
  } else if (!stopping) {
    make_ready(self, lane);
  }
}

void WorkerPool::give_way() {
  const auto now = Clock::now();
  if (now < computing_since || now - computing_since < computing_time) return;
  ::sched_yield();
  computing_since = Clock::now();
}

WorkerPool::WorkerPool() : WorkerPool(Options{}) {}

WorkerPool::WorkerPool(Options options) : state_(std::make_shared<State>(options)) {}

WorkerPool::~WorkerPool() { stop(std::chrono::milliseconds(0)); }

Status WorkerPool::submit(std::string_view key, Task task) {
  State& state = *state_;
  // A refused task is destroyed when this function returns, after the lock: its destructor may answer somebody.
  const std::scoped_lock lock(state.mutex);
  if (state.stopping) return error(Failure::busy, "the service is stopping; try again when it runs again");
  if (state.waiting >= state.options.waiting) {
    return error(Failure::busy,
                 fmt::format("{} operations already wait for a worker thread; try again when some have finished",
                             state.waiting));
  }
  auto found = state.lanes.find(key);
  if (found == state.lanes.end()) {
    auto made = std::make_unique<State::Lane>();
    made->key = std::string(key);
    made->most_running = key.empty() ? state.options.threads : state.options.running_per_key;
    const std::string_view own_key = made->key;
    found = state.lanes.emplace(own_key, std::move(made)).first;
  }
  State::Lane& lane = *found->second;
  if (!key.empty() && lane.waiting.size() >= state.options.waiting_per_key) {
    return error(Failure::busy,
                 fmt::format("{} operations already wait for \"{}\" and {} run; try again when some have "
                             "finished",
                             lane.waiting.size(), key, lane.running));
  }
  lane.waiting.push_back(std::move(task));
  ++state.waiting;
  state.make_ready(state_, lane);
  if (state.threads == 0) {
    // Nobody is there who could ever run it. It is the only task: others would have found no thread either.
    task = std::move(lane.waiting.back());
    lane.waiting.pop_back();
    --state.waiting;
    state.ready.clear();
    state.lanes.erase(found);
    return error(Failure::busy, "no thread can be started on this host; raise its limit of tasks or free memory");
  }
  return {};
}

bool WorkerPool::stop(std::chrono::milliseconds limit) {
  State& state = *state_;
  std::vector<std::deque<Task>> dropped;  // destroyed after the lock
  std::unique_lock lock(state.mutex);
  state.stopping = true;
  state.ready.clear();
  state.waiting = 0;
  for (auto lane = state.lanes.begin(); lane != state.lanes.end();) {
    dropped.push_back(std::exchange(lane->second->waiting, {}));
    lane->second->ready = false;
    lane = lane->second->running == 0 ? state.lanes.erase(lane) : std::next(lane);
  }
  state.changed.notify_all();
  lock.unlock();
  dropped.clear();
  lock.lock();
  return state.ended.wait_for(lock, limit, [&state] { return state.threads == 0; });
}

std::size_t WorkerPool::threads() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->threads;
}

}  // namespace vmms
