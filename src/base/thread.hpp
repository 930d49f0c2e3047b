// Every thread of the process starts here: one bound holds for all of them, and what one throws ends its work, not the
// process.
#pragma once

#include "base/result.hpp"

#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

namespace vmms {

/// What a thread is for, and so when it is refused.
enum class ThreadUse : std::uint8_t {
  service,       ///< the process needs it as long as it lives: only the host can refuse it
  work,          ///< does work that a caller waits for
  conversation,  ///< listens to a guest that could be polled instead: refused when these are half of all
};

struct ThreadOptions {
  ThreadUse use = ThreadUse::work;
  std::size_t stack_bytes = 256 * 1024;  ///< ignored under sanitizers, whose frames are larger
};

/// At most so many threads of `work` and `conversation` run at once; without this call as many as the host gives.
void limit_threads(std::size_t most);
/// Those that were started here and have not ended.
std::size_t threads_running();

/// Runs `body` on a thread of that name (15 characters at most) with all signals blocked. What it throws is logged.
/// `body` is destroyed on that thread, before it is no longer counted. Errors: busy (the bound is reached, or the host
/// gives no thread), with a text that follows "no thread can be started for …: ".
Status start_thread(std::string_view name, std::function<void()> body, ThreadOptions options = {});

/// A thread that its owner waits for.
class Thread {
 public:
  Thread() = default;
  Thread(Thread&& other) noexcept;
  Thread& operator=(Thread&& other) noexcept;
  ~Thread() { join(); }

  static Result<Thread> start(std::string_view name, std::function<void()> body, ThreadOptions options = {});

  bool joinable() const { return running_; }
  /// Does nothing when there is none. Not from the thread itself.
  void join();

 private:
  pthread_t thread_{};
  bool running_ = false;
};

}  // namespace vmms
