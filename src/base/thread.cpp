#include "base/thread.hpp"

#include "base/sanitizer.hpp"

#include <fmt/core.h>
#include <limits.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <limits>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

namespace vmms {
namespace {

std::atomic<std::size_t> most_threads = std::numeric_limits<std::size_t>::max();
std::atomic<std::size_t> services = 0;
std::atomic<std::size_t> bounded = 0;  // work and conversations
std::atomic<std::size_t> conversations = 0;

/// Takes one of `most`. A caller that counts itself meanwhile and then gives up can at worst make this one give up,
/// too.
bool take(std::atomic<std::size_t>& counter, std::size_t most) {
  if (counter.fetch_add(1) < most) return true;
  --counter;
  return false;
}

/// One thread's place among all; given back at its end.
class Place {
 public:
  explicit Place(ThreadUse use) : use_(use) {
    const std::size_t most = most_threads;
    if (use == ThreadUse::service) {
      taken_ = take(services, std::numeric_limits<std::size_t>::max());
    } else if (use == ThreadUse::work) {
      taken_ = take(bounded, most);
    } else if (take(conversations, most / 2)) {
      taken_ = take(bounded, most);
      if (!taken_) --conversations;
    }
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() {
    if (!taken_) return;
    --(use_ == ThreadUse::service ? services : bounded);
    if (use_ == ThreadUse::conversation) --conversations;
  }

  bool taken() const { return taken_; }

 private:
  const ThreadUse use_;
  bool taken_ = false;
};

struct Start {
  explicit Start(ThreadUse use) : place(use) {}
  Place place;
  std::array<char, 16> name{};
  std::function<void()> body;  // ends before the place
};

void* run(void* argument) noexcept {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  pthread_setname_np(pthread_self(), start->name.data());
  try {
    start->body();
  } catch (const std::exception& e) {
    spdlog::error("the thread {} ends by an exception: {}", start->name.data(), e.what());
  } catch (...) {
    spdlog::error("the thread {} ends by something that is no std::exception", start->name.data());
  }
  return nullptr;
}

Status create(pthread_t& thread, int state, std::string_view name, std::function<void()> body,
              const ThreadOptions& options) {
  auto start = std::make_unique<Start>(options.use);
  if (!start->place.taken())
    return error(Failure::busy, fmt::format("{} threads run already, as many as may; try again later, or raise "
                                            "--worker-threads",
                                            threads_running()));
  std::copy_n(name.data(), std::min(name.size(), start->name.size() - 1), start->name.data());
  start->body = std::move(body);

  pthread_attr_t attributes;
  int failed = pthread_attr_init(&attributes);
  if (failed == 0) {
    pthread_attr_setdetachstate(&attributes, state);
    if (!sanitized)
      pthread_attr_setstacksize(&attributes, std::max<std::size_t>(options.stack_bytes, PTHREAD_STACK_MIN));
    // Signals are the main thread's business.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(&thread, &attributes, run, start.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
  }
  if (failed != 0)
    return error(Failure::busy,
                 fmt::format("{} ({} threads run): raise this process's limit of tasks, or free memory",
                             std::error_code(failed, std::system_category()).message(), threads_running()));
  (void)start.release();
  return {};
}

}  // namespace

void limit_threads(std::size_t most) { most_threads = most; }

std::size_t threads_running() { return services + bounded; }

Status start_thread(std::string_view name, std::function<void()> body, ThreadOptions options) {
  pthread_t thread;
  return create(thread, PTHREAD_CREATE_DETACHED, name, std::move(body), options);
}

Thread::Thread(Thread&& other) noexcept : thread_(other.thread_), running_(std::exchange(other.running_, false)) {}

Thread& Thread::operator=(Thread&& other) noexcept {
  if (this == &other) return *this;
  join();
  thread_ = other.thread_;
  running_ = std::exchange(other.running_, false);
  return *this;
}

Result<Thread> Thread::start(std::string_view name, std::function<void()> body, ThreadOptions options) {
  Thread thread;
  if (const Status started = create(thread.thread_, PTHREAD_CREATE_JOINABLE, name, std::move(body), options); !started)
    return started.error();
  thread.running_ = true;
  return thread;
}

void Thread::join() {
  if (std::exchange(running_, false)) pthread_join(thread_, nullptr);
}

}  // namespace vmms
