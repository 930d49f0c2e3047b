// A job that takes its time: watched until its end, and cancelled with Ctrl-C.
#pragma once

#include "cli/progress.hpp"
#include "cli/session.hpp"

#include <cstdint>
#include <string>

namespace vmms::cli {

/// How a job stands.
struct JobState {
  std::uint64_t state = 0;  ///< CIM_ConcreteJob.JobState
  std::uint64_t percent = 0;
  std::uint32_t error_code = 0;
  std::string error_text;

  bool ended() const { return state >= 7; }
  bool succeeded() const { return state == 7; }
  bool cancelled() const { return state == 8 || state == 9; }
};

/// Reads the job of a copy until it has ended, and shows how far it is. INT and TERM ask it to terminate, and so does
/// standing still at its begin for the session's time-out; its end is still awaited, for as long again. A connection
/// that breaks is tried again for so long.
Result<JobState> watch_job(Session& session, const cim::ObjectPath& job, Progress& progress);

}  // namespace vmms::cli
