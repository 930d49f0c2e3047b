#include "cli/job.hpp"

#include "cli/interrupts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>

namespace vmms::cli {

namespace {

constexpr JobState completed_with_warnings{32768};  // as hosts show it

}  // namespace

bool Job::succeeded() const { return state == JobState::completed || state == completed_with_warnings; }

JobWatcher::JobWatcher(Session& session, cim::ObjectPath path, Options options)
    : session_(session), path_(std::move(path)), options_(options) {}

Result<std::optional<Job>> JobWatcher::look() {
  const auto record = session_.client().get(path_);
  if (record) {
    heard_ = Clock::now();
    Job job{enumerator<JobState>(*record, "JobState"), record->number("PercentComplete").value_or(0),
            static_cast<std::uint32_t>(record->number("ErrorCode").value_or(0)),
            std::string(record->text("ErrorDescription")), std::string(record->text("JobStatus"))};
    return std::optional(std::move(job));
  }
  if (record.error().kind == Failure::unreachable && Clock::now() - heard_ <= options_.patience)
    return std::optional<Job>();
  return record.error();
}

void JobWatcher::pause() {
  std::this_thread::sleep_for(options_.pause);
  options_.pause = std::min(options_.pause * 2, options_.longest_pause);
}

bool JobWatcher::terminate() {
  using RequestedState = schema::msvm::ConcreteJob::RequestStateChange::RequestedState;
  return session_.client()
      .invoke(path_, "RequestStateChange", {{"RequestedState", to_input(RequestedState::terminate)}})
      .has_value();
}

Result<Job> watch_copy(Session& session, const cim::ObjectPath& path, Progress& progress) {
  using Clock = JobWatcher::Clock;
  constexpr std::chrono::milliseconds interval{200};
  const Interrupts interrupts;
  JobWatcher watcher(session, path, {interval, interval, session.timeout()});
  std::optional<Clock::time_point> asked;
  std::uint64_t percent = 0;
  for (;;) {
    // Once it moves, the server watches its progress.
    const bool stands_still = percent == 0 && progress.stands_still() > session.timeout();
    if ((Interrupts::happened() || stands_still) && !asked) {
      session.console().progress("cancelling ...");
      if (watcher.terminate()) asked = Clock::now();
    }
    auto job = watcher.look();
    if (job && *job) {
      percent = (*job)->percent;
      if (!(*job)->ended()) progress.at(percent);
      if ((*job)->cancelled() && !Interrupts::happened()) {
        (*job)->state = JobState::exception;
        (*job)->error_text =
            fmt::format("the copy stood still for {} s and was ended (--timeout)", session.timeout().count());
      }
      if ((*job)->ended()) return **std::move(job);
    }
    if (!job || (asked && Clock::now() - *asked > session.timeout()))
      return error(job ? Failure::timed_out : job.error().kind,
                   fmt::format("the copy goes on, but its job {} {}", path.value("InstanceID"),
                               job ? "does not end" : "cannot be watched: " + job.error().message));
    watcher.pause();
  }
}

}  // namespace vmms::cli
