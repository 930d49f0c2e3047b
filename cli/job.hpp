// A job that takes its time: read until it has ended, and cancelled with Ctrl-C.
#pragma once

#include "cli/progress.hpp"
#include "cli/session.hpp"
#include "schema/Msvm_ConcreteJob.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace vmms::cli {

using JobState = schema::msvm::ConcreteJob::JobState;

/// The state of a job.
struct Job {
  JobState state{};
  std::uint64_t percent = 0;
  std::uint32_t error_code = 0;
  std::string error_text;
  std::string status;  ///< in words of the server

  bool ended() const { return state >= JobState::completed; }
  bool succeeded() const;
  bool cancelled() const { return state == JobState::terminated || state == JobState::killed; }
};

/// Reads a job again and again.
class JobWatcher {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    std::chrono::milliseconds pause{20};  ///< between two looks; it doubles
    std::chrono::milliseconds longest_pause{500};
    std::chrono::seconds patience{0};  ///< how long a connection that breaks is tried again
  };

  JobWatcher(Session& session, cim::ObjectPath path, Options options);

  /// How it stands now; nothing while it cannot be reached and patience is left. Errors: those of reading it.
  Result<std::optional<Job>> look();
  void pause();
  /// Asks it to terminate. Whether it was asked.
  bool terminate();

 private:
  Session& session_;
  const cim::ObjectPath path_;
  Options options_;
  Clock::time_point heard_ = Clock::now();
};

/// Reads the job of a copy until it has ended, and shows its progress. INT and TERM ask it to terminate, and so does
/// standing still at its beginning for the session's time-out; its end is still awaited, for as long again. A
/// connection that breaks is tried again for so long.
Result<Job> watch_copy(Session& session, const cim::ObjectPath& path, Progress& progress);

}  // namespace vmms::cli
