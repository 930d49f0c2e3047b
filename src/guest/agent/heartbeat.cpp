#include "guest/agent/heartbeat.hpp"

#include "base/caught_error.hpp"
#include "guest/agent/agent.hpp"

#include <algorithm>
#include <exception>

namespace vmms::guest {

Status Heartbeat::read(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (found_ && connection_ != transport_->connection()) found_.reset();  // another agent
    if (found_ && Clock::now() - found_at_ < believed) return *found_;
    if (!asking_) break;
    if (changed_.wait_until(lock, deadline) == std::cv_status::timeout && asking_)
      return error(Failure::timed_out, "the deadline passed before the guest agent gave a sign of life");
  }
  asking_ = true;
  const bool was_silent = found_ && !*found_;
  const std::uint64_t connection = transport_->connection();
  const Clock::time_point asked = Clock::now();
  const Clock::duration slow = std::min<Clock::duration>(2 * answer_time_, command_time);
  // An agent that owes an answer has already had the time since then.
  const bool owes = unanswered_ > 0 && unanswered_connection_ == connection;
  const Clock::time_point since = owes ? std::min(unanswered_since_, asked) : asked;
  const Clock::time_point limit =
      std::max(asked + patience_with_silence,
               was_silent ? Clock::time_point() : since + std::max<Clock::duration>(patience, slow));
  lock.unlock();
  Status alive = [&]() -> Status {
    try {
      return Agent(*transport_).ping(std::min(deadline, limit));
    } catch (const std::exception&) {
      return caught_error();
    }
  }();
  lock.lock();
  asking_ = false;
  changed_.notify_all();
  if (!alive && alive.error().kind == Failure::internal) return alive;  // it says nothing about the guest
  if (!alive && found_ && *found_ && found_at_ >= asked && connection_ == connection)
    return *found_;  // heard meanwhile
  if (!alive && alive.error().kind == Failure::timed_out) {
    if (deadline < limit) return alive;  // it might have answered yet
    alive = silent_error();
  }
  found_ = alive;
  found_at_ = alive ? asked : Clock::now();
  answer_time_ = alive ? Clock::now() - asked : Clock::duration();
  connection_ = connection;
  return alive;
}

void Heartbeat::asked() {
  const std::uint64_t connection = transport_->connection();
  const std::lock_guard lock(mutex_);
  if (++unanswered_ > 1 && unanswered_connection_ == connection) return;
  unanswered_since_ = Clock::now();
  unanswered_connection_ = connection;
}

void Heartbeat::ended(Clock::time_point asked, bool answered) {
  const std::uint64_t connection = transport_->connection();
  const std::lock_guard lock(mutex_);
  --unanswered_;
  if (!answered) return;
  unanswered_since_ = Clock::now();
  answer_time_ = Clock::now() - asked;
  found_ = Status();
  found_at_ = Clock::now();
  connection_ = connection;
}

}  // namespace vmms::guest
