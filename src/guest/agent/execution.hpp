// One script running in a guest.
#pragma once

#include "base/result.hpp"
#include "guest/agent/agent.hpp"
#include "guest/transport/transport.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace vmms::guest {

/// Processes of a guest without waiting callers. The agent keeps what a process printed until guest-exec-status fetches
/// it once, so something has to fetch it. Thread-safe.
class AbandonedProcesses {
 public:
  /// Reserves room for add(), which allocates nothing, since a destructor calls it.
  void make_room();
  void add(std::int64_t process, std::uint64_t connection);
  /// Asks about one of them, when the last query was 5 s ago or more.
  void tidy(Transport& transport, Clock::time_point deadline);

 private:
  struct Process {
    std::int64_t id = 0;
    std::uint64_t connection = 0;
    Clock::time_point asked;
  };
  std::mutex mutex_;
  std::vector<Process> processes_;
};

/// Starts a script and polls for its end. Not thread-safe: a Flight serializes its steps.
class Execution {
 public:
  Execution(std::shared_ptr<Transport> transport, std::shared_ptr<AbandonedProcesses> abandoned, Script script)
      : transport_(std::move(transport)), abandoned_(std::move(abandoned)), script_(std::move(script)) {}
  ~Execution();
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  /// The next step: sends guest-exec, or waits a little and sends guest-exec-status. Nothing: it has not ended yet,
  /// also when the deadline passes; a step that was cut off by its deadline is done again by the next call, which may
  /// start the script a second time.
  std::optional<Result<Output>> advance(Clock::time_point deadline);

  /// As advance without its wait: for callers that have something else to do meanwhile.
  std::optional<Result<Output>> poll(Clock::time_point deadline) {
    return process_ && Clock::now() < next_ ? std::nullopt : advance(deadline);
  }

  /// Whether the guest has begun the script and is not known to have ended it.
  bool running() const { return process_.has_value(); }

  /// The latest time at which the script is known not to have ended.
  Clock::time_point seen_running() const { return seen_running_; }

  /// As advance, until the end or the deadline (timed_out).
  Result<Output> finish(Clock::time_point deadline);

 private:
  std::optional<Result<Output>> start(Clock::time_point deadline);
  std::optional<Result<Output>> ask(Clock::time_point deadline);

  std::shared_ptr<Transport> transport_;
  std::shared_ptr<AbandonedProcesses> abandoned_;
  Script script_;
  std::optional<std::int64_t> process_;
  std::uint64_t connection_ = 0;
  Clock::duration delay_{};
  Clock::time_point next_;
  Clock::time_point seen_running_;
};

}  // namespace vmms::guest
