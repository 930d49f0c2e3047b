// A guest whose file systems are frozen while a client takes a snapshot of its disks.
#pragma once

#include "base/result.hpp"
#include "base/thread.hpp"
#include "guest/system/system.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

namespace vmms::guest {

/// The file systems are thawed by thaw(), at the end of this object's life, and at the latest when `most` has passed,
/// whatever the owner does. It has a thread for that, since a guest that stays frozen hangs. `mark` records beside the
/// VM that vmmsd froze it: a later vmmsd that finds the mark thaws the guest (providers/upkeep/upkeep.hpp).
class Freeze {
 public:
  /// Called with true before the guest is frozen, with false once it is thawed.
  using Mark = std::function<Status(bool)>;

  /// Errors: those of Agent; the guest is thawed again then.
  static Result<std::unique_ptr<Freeze>> begin(std::shared_ptr<System> system, Mark mark, std::chrono::seconds most,
                                               Clock::time_point deadline);
  ~Freeze();
  Freeze(const Freeze&) = delete;
  Freeze& operator=(const Freeze&) = delete;

  /// How many file systems are frozen.
  unsigned count() const { return count_; }

  /// Success means that they were frozen until now: the snapshot is consistent.
  /// Errors: timed_out (they were thawed when `most` had passed), those of Agent.
  Status thaw();

 private:
  Freeze(std::shared_ptr<System> system, Mark mark) : system_(std::move(system)), mark_(std::move(mark)) {}
  void watch(Clock::time_point end);
  Status thaw_now();
  /// Ends the watching thread, which thaws first if it is `to_thaw`.
  void end_watch(bool to_thaw);

  const std::shared_ptr<System> system_;
  const Mark mark_;
  unsigned count_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;    ///< thaw() or the destructor was called
  bool forsaken_ = false;  ///< and only the thread will thaw
  bool expired_ = false;
  Thread watch_;
};

/// Thaws, tries again while the agent does not answer, up to `patience`, and removes the mark.
Status thaw_and_unmark(System& system, const Freeze::Mark& mark, std::chrono::seconds patience);

}  // namespace vmms::guest
