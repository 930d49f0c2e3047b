#include "guest/watched_transport.hpp"

#include "base/thread.hpp"
#include "guest/agent.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace vmms::guest {

/// What is known, shared with the ping that is under way.
struct WatchedTransport::Watch : std::enable_shared_from_this<WatchedTransport::Watch> {
  Watch(std::shared_ptr<Transport> below, Times all) : transport(std::move(below)), times(all) {}

  /// With the mutex held. Of another connection nothing is known.
  State current() {
    if (const std::uint64_t now = transport->connection(); connection != now) {
      connection = now;
      state = State::unknown;
    }
    return state;
  }

  /// With the mutex held. What an answer, or none, of that connection says.
  void learn(std::uint64_t of, State found, std::string text) {
    if (current(); connection != of) return;
    state = found;
    why = std::move(text);
    changed.notify_all();
  }

  Error silence() const { return error(Failure::unreachable, why); }

  /// With the mutex held. Begins a ping, unless one is under way or was a moment ago.
  void ask() {
    if (asking || Clock::now() - asked < times.between_pings || !transport->connected()) return;
    asking = true;
    asked = Clock::now();
    const Status started = start_thread("guest-ping", [self = shared_from_this(), of = connection] { self->ping(of); },
                                        {.use = ThreadUse::conversation});
    if (!started) asking = false;  // who asks next tries again
  }

  void ping(std::uint64_t of) noexcept {
    try {
      const Status answered = Agent(*transport).ping(asked + times.ping);
      const std::lock_guard lock(mutex);
      const Failure kind = answered ? Failure::failed : answered.error().kind;
      if (kind == Failure::timed_out || kind == Failure::unreachable) {
        // The ping's deadline is its own: that it passed says nothing to whoever asks then.
        if (transport->connected())
          learn(of, State::silent, kind == Failure::timed_out ? silent_error().message : answered.error().message);
      } else {
        learn(of, State::answers, {});  // a refusal is an answer
      }
    } catch (const std::exception&) {  // no memory: nothing was learnt
    }
    const std::lock_guard lock(mutex);
    asking = false;
    changed.notify_all();
  }

  const std::shared_ptr<Transport> transport;
  const Times times;

  std::mutex mutex;
  Condition changed;
  State state = State::unknown;
  std::uint64_t connection = 0;
  std::string why;
  bool asking = false;
  Clock::time_point asked{};
};

WatchedTransport::WatchedTransport(std::shared_ptr<Transport> transport, Times times)
    : transport_(std::move(transport)), watch_(std::make_shared<Watch>(transport_, times)) {}

Result<std::string> WatchedTransport::command(std::string_view json, Clock::time_point deadline) {
  std::uint64_t connection = 0;
  {
    std::unique_lock lock(watch_->mutex);
    if (watch_->current() == State::silent) {
      watch_->ask();
      watch_->changed.wait_until(lock, std::min(deadline, watch_->asked + watch_->times.patience),
                                 [&] { return watch_->current() != State::silent; });
      if (watch_->current() == State::silent && transport_->connected()) return watch_->silence();
    }
    connection = watch_->connection;
  }
  const Clock::time_point begun = Clock::now();
  Result<std::string> answer = transport_->command(json, deadline);
  const std::lock_guard lock(watch_->mutex);
  if (answer) {
    if (watch_->state != State::answers) watch_->learn(connection, State::answers, {});
  } else {
    const Failure kind = answer.error().kind;
    const bool late = (kind == Failure::unreachable || kind == Failure::timed_out) && Clock::now() >= deadline;
    if (late && deadline - begun >= watch_->times.silence && transport_->connected())
      watch_->learn(connection, State::silent, answer.error().message);
  }
  return answer;
}

Status WatchedTransport::wait_for_life(Clock::time_point until) {
  std::unique_lock lock(watch_->mutex);
  const State known = watch_->current();
  if (known == State::answers || !transport_->connected()) return {};
  watch_->ask();
  if (known == State::unknown && !watch_->asking) return {};  // no thread for a ping: the command finds out
  if (known == State::silent) until = std::min(until, watch_->asked + watch_->times.patience);
  const bool told = watch_->changed.wait_until(lock, until, [&] {
    return watch_->current() == State::answers || (known == State::unknown && watch_->state == State::silent);
  });
  if (watch_->current() == State::answers) return {};
  if (told || watch_->state == State::silent) return watch_->silence();
  return error(Failure::unreachable, "the guest agent is connected but has not answered yet");
}

Status WatchedTransport::wait_for_return(Clock::time_point until) {
  std::unique_lock lock(watch_->mutex);
  while (watch_->current() == State::silent && transport_->connected()) {
    watch_->ask();
    const bool asking = watch_->asking;  // else the last ping was a moment ago
    watch_->changed.wait_until(lock, asking ? until : std::min(until, watch_->asked + watch_->times.between_pings),
                               [&] { return watch_->current() != State::silent || watch_->asking != asking; });
    if (watch_->current() == State::silent && Clock::now() >= until) return watch_->silence();
  }
  return {};
}

}  // namespace vmms::guest
