// Threads for what waits: guests, libvirt, SQLite, password hashes. The I/O threads never run such work themselves.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "base/result.hpp"

namespace vmms {

/// Runs tasks on threads that are made when they are needed and end when they idle. Tasks of one key (a VM's id) run at
/// most so many at once; further ones wait without a thread, in bounded number. Free threads go round the keys that
/// have something to run, so that a flood for one VM takes its own turns only.
class WorkerPool {
 public:
  struct Options {
    std::size_t threads = 256;             ///< at most so many at once
    std::size_t stack_bytes = 256 * 1024;  ///< of each thread; ignored under sanitizers, whose frames are larger
    std::size_t running_per_key = 32;
    std::size_t waiting_per_key = 256;
    std::size_t waiting = 16384;                                ///< of all keys together
    std::chrono::milliseconds idle = std::chrono::seconds(10);  ///< a thread with nothing to do ends after this time
  };

  WorkerPool();
  explicit WorkerPool(Options options);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();  ///< stop() without waiting: tasks that still run must own all that they use

  /// Runs `task` on some thread, soon. Tasks without a key are limited by `waiting` and `threads` only. What a task
  /// throws is logged. Failure busy when a bound is reached or the pool stops; the task is then destroyed without
  /// having run.
  Status submit(std::string_view key, std::function<void()> task);

  /// Takes no more tasks, destroys those that wait, and waits up to `limit` for those that run. True when all have
  /// ended; otherwise their threads go on by themselves and end with their task.
  bool stop(std::chrono::milliseconds limit);

  std::size_t threads() const;  ///< threads alive now, idle ones included

  /// For long computations to call now and then: lets other threads that are ready go first, among them those that
  /// serve the network. The kernel alone would do so only after milliseconds. Does nothing on threads of no pool.
  static void give_way();

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with every thread, so that a stuck one outlives the pool safely
};

}  // namespace vmms
