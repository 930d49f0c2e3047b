#include "guest/agent/execution.hpp"

#include "base/waiting.hpp"

#include <algorithm>

namespace vmms::guest {

namespace {

constexpr std::chrono::seconds tidy_interval{5};
constexpr std::size_t abandoned_limit = 64;

}  // namespace

void AbandonedProcesses::make_room() {
  const std::lock_guard lock(mutex_);
  processes_.reserve(abandoned_limit);
}

void AbandonedProcesses::add(std::int64_t process, std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  if (processes_.size() >= abandoned_limit) processes_.erase(processes_.begin());
  processes_.push_back({process, connection, Clock::now()});
}

void AbandonedProcesses::tidy(Transport& transport, Clock::time_point deadline) {
  Process process;
  {
    const std::lock_guard lock(mutex_);
    const std::uint64_t connection = transport.connection();
    std::erase_if(processes_, [&](const Process& each) { return each.connection != connection; });
    if (processes_.empty() || Clock::now() - processes_.front().asked < tidy_interval) return;
    process = processes_.front();
    processes_.erase(processes_.begin());
  }
  const Result<std::optional<Output>> status = Agent(transport).status(process.id, deadline);
  if (status && !*status) add(process.id, process.connection);
}

Execution::~Execution() {
  if (process_) abandoned_->add(*process_, connection_);
}

std::optional<Result<Output>> Execution::advance(Clock::time_point deadline) {
  return process_ ? ask(deadline) : start(deadline);
}

std::optional<Result<Output>> Execution::start(Clock::time_point deadline) {
  abandoned_->make_room();
  abandoned_->tidy(*transport_, deadline);
  connection_ = transport_->connection();
  seen_running_ = Clock::now();
  const Result<std::int64_t> process = Agent(*transport_).execute(script_, deadline);
  if (!process) {
    if (process.error().kind == Failure::timed_out) return std::nullopt;
    return Result<Output>(process.error());
  }
  process_ = *process;
  delay_ = transport_->poll_delays().first;
  next_ = Clock::now() + delay_;
  return std::nullopt;
}

std::optional<Result<Output>> Execution::ask(Clock::time_point deadline) {
  sleep_until(std::min(next_, deadline));
  if (Clock::now() >= deadline) return std::nullopt;
  if (transport_->connection() != connection_) {
    process_.reset();
    return Result<Output>(restarted_error());
  }
  const Clock::time_point asked = Clock::now();
  Result<std::optional<Output>> status = Agent(*transport_).status(*process_, deadline);
  if (!status) {
    const Failure kind = status.error().kind;
    if (kind != Failure::timed_out && kind != Failure::busy) {
      process_.reset();
      return Result<Output>(status.error());
    }
  } else if (*status) {
    process_.reset();
    return Result<Output>(std::move(**status));
  } else {
    seen_running_ = asked;
  }
  const Clock::duration most = transport_->poll_delays().most;
  delay_ = std::clamp<Clock::duration>(delay_ * 5 / 4, std::chrono::milliseconds(1), most);
  next_ = Clock::now() + delay_;
  return std::nullopt;
}

Result<Output> Execution::finish(Clock::time_point deadline) {
  while (Clock::now() < deadline)
    if (std::optional<Result<Output>> result = advance(deadline)) return std::move(*result);
  return late_error(*transport_, "the deadline passed while the guest was at work");
}

}  // namespace vmms::guest
