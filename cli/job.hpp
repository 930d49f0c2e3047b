// A job that takes its time: watched until its end, and cancelled with Ctrl-C.
#pragma once

#include "cli/session.hpp"

#include <cstdint>
#include <functional>
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

/// Reads the job until it has ended; `each` sees every reading. INT and TERM ask the job to terminate, and its end is
/// still awaited. A connection that breaks meanwhile is tried again for a minute: the job goes on without us.
Result<JobState> watch_job(Session& session, const cim::ObjectPath& job,
                           const std::function<void(const JobState&)>& each);

}  // namespace vmms::cli
