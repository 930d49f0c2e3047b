#include "cli/job.hpp"

#include "cli/interrupts.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <thread>

namespace vmms::cli {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds interval{200};
constexpr const char* terminate = "4";
constexpr std::uint64_t exception = 10;

JobState read(const wsman::Record& record) {
  return {record.number("JobState").value_or(0), record.number("PercentComplete").value_or(0),
          static_cast<std::uint32_t>(record.number("ErrorCode").value_or(0)),
          std::string(record.text("ErrorDescription"))};
}

}  // namespace

Result<JobState> watch_job(Session& session, const cim::ObjectPath& job, Progress& progress) {
  const Interrupts interrupts;
  std::optional<Clock::time_point> asked;
  auto heard = Clock::now();
  std::uint64_t percent = 0;
  for (;;) {
    // Once it moves, the server sees to it that it goes on.
    const bool stands_still = percent == 0 && progress.stands_still() > session.timeout();
    if ((Interrupts::happened() || stands_still) && !asked) {
      session.console().progress("cancelling ...");
      if (session.client().invoke(job, "RequestStateChange", {{"RequestedState", terminate}})) asked = Clock::now();
    }
    const auto record = session.client().get(job);
    if (record) {
      heard = Clock::now();
      percent = record->number("PercentComplete").value_or(0);
      JobState state = read(*record);
      if (!state.ended()) progress.at(state.percent);
      if (state.cancelled() && !Interrupts::happened()) {
        state.state = exception;
        state.error_text =
            fmt::format("the copy stood still for {} s and was ended (--timeout)", session.timeout().count());
      }
      if (state.ended()) return state;
    }
    const bool lost =
        !record && (record.error().kind != Failure::unreachable || Clock::now() - heard > session.timeout());
    if (lost || (asked && Clock::now() - *asked > session.timeout()))
      return error(lost ? record.error().kind : Failure::timed_out,
                   fmt::format("the copy goes on, but its job {} {}", job.value("InstanceID"),
                               lost ? "cannot be watched: " + record.error().message : "does not end"));
    std::this_thread::sleep_for(interval);
  }
}

}  // namespace vmms::cli
