// Threads for what waits: guests, libvirt, SQLite, password hashes. The I/O threads never run such work themselves.
#pragma once

#include "base/ledger.hpp"
#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace vmms {

/// Runs tasks on threads that start when they are needed and end when idle. A task that waits through Condition
/// or sleep_until() (waiting.hpp) gives its thread back meanwhile.
///
/// Free threads serve the accounts that have something to run in turn, and within an account its keys (a VM's id), so
/// that a flood of one user, or for one VM, takes its own turns only. No account holds more than a share of the
/// threads, no key of an account more than `running_per_key`; some threads run tasks of the administrator alone.
class WorkerPool {
 public:
  struct Options {
    std::size_t threads = 256;             ///< at most so many at once
    std::size_t stack_bytes = 256 * 1024;  ///< of each task; ignored under sanitizers, whose frames are larger
    std::size_t share = 4;                 ///< an account holds at most one in so many threads, and at least one
    std::size_t reserve = 8;               ///< one in so many threads is reserved for the administrator
    std::size_t running_per_key = 32;      ///< tasks of one account and key that hold a thread
    std::size_t begun_per_key = 1U << 20;  ///< tasks of one account and key that have begun, those that wait included
    std::size_t waiting_per_key = 256;     ///< tasks of one account and key that have not begun
    std::size_t waiting = 16384;           ///< tasks that have not begun, of all together
    std::chrono::milliseconds idle = std::chrono::seconds(10);  ///< a thread with nothing to do ends after this time
  };

  /// What a task is charged for as long as it is there: the pages of its stack that are usually touched.
  static constexpr std::size_t task_bytes = 16 * 1024;

  WorkerPool();
  explicit WorkerPool(Options options);
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();  ///< stop() without waiting: tasks that still run must own everything they use

  /// Runs `task` on some thread, soon, for `account` (charged Ledger::Item::task until the task has ended) and `key`;
  /// without an account for the service itself, which may use all threads but the administrator's; without a key the
  /// bounds of a key do not apply. What a task throws is logged. Failure busy when a bound is reached or the pool
  /// stops; the task is then destroyed without having run.
  Status submit(const AccountPtr& account, std::string_view key, std::function<void()> task);
  Status submit(std::string_view key, std::function<void()> task) { return submit(nullptr, key, std::move(task)); }

  /// Takes no more tasks, destroys those that have not begun, and waits up to `limit` for those that have. True when
  /// all have ended; otherwise they go on by themselves, and their threads end with the last.
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
