#include "cli/job.hpp"

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <thread>

namespace vmms::cli {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds interval{200};
constexpr std::chrono::seconds patience{60};  // with a server that does not answer
constexpr const char* terminate = "4";

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void interrupt(int) { interrupted = true; }

/// Signals that end a program ask for the job's end instead, while this lives.
class Interrupts {
 public:
  Interrupts() {
    interrupted = false;
    struct sigaction action {};
    action.sa_handler = interrupt;
    sigaction(SIGINT, &action, &before_int_);
    sigaction(SIGTERM, &action, &before_term_);
  }
  ~Interrupts() {
    sigaction(SIGINT, &before_int_, nullptr);
    sigaction(SIGTERM, &before_term_, nullptr);
  }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

 private:
  struct sigaction before_int_ {};
  struct sigaction before_term_ {};
};

JobState read(const wsman::Record& record) {
  return {record.number("JobState").value_or(0), record.number("PercentComplete").value_or(0),
          static_cast<std::uint32_t>(record.number("ErrorCode").value_or(0)),
          std::string(record.text("ErrorDescription"))};
}

}  // namespace

Result<JobState> watch_job(Session& session, const cim::ObjectPath& job,
                           const std::function<void(const JobState&)>& each) {
  const Interrupts interrupts;
  bool asked = false;
  auto heard = Clock::now();
  for (;;) {
    if (interrupted && !asked) {
      session.console().progress("cancelling ...");
      asked = session.client().invoke(job, "RequestStateChange", {{"RequestedState", terminate}}).has_value();
    }
    const auto record = session.client().get(job);
    if (record) {
      heard = Clock::now();
      const JobState state = read(*record);
      each(state);
      if (state.ended()) return state;
    } else if (record.error().kind != Failure::unreachable || Clock::now() - heard > patience) {
      return error(record.error().kind, fmt::format("the copy goes on, but its job {} cannot be watched: {}",
                                                    job.value("InstanceID"), record.error().message));
    }
    std::this_thread::sleep_for(interval);
  }
}

}  // namespace vmms::cli
