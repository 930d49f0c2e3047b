#include "guest/agent/watched_transport.hpp"

#include "base/thread.hpp"
#include "guest/agent/agent.hpp"

#include <algorithm>
#include <exception>
#include <optional>
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
      asked = {};
      owed_since.reset();
    }
    return state;
  }

  /// With the mutex held. What an answer, or none, of that connection says.
  void learn(std::uint64_t of, State found) {
    if (current(); connection != of) return;
    state = found;
    changed.notify_all();
  }

  /// With the mutex held. Learns from the answer, or from having waited for it long enough. What the hypervisor says of
  /// itself or of a paused VM says nothing about the agent.
  void hear(std::uint64_t of, const Result<std::string>& answer, Clock::time_point begun, Clock::time_point deadline) {
    if (answer) {
      owed_since.reset();
      if (state != State::answers) learn(of, State::answers);
      return;
    }
    const Failure kind = answer.error().kind;
    const bool late = (kind == Failure::unreachable || kind == Failure::timed_out) && Clock::now() >= deadline;
    if (late && owed_since) owed_until = Clock::now();
    if (!late && owed_since == begun) owed_since.reset();
    if (late && deadline - begun >= times.silence && transport->connected()) learn(of, State::silent);
  }

  /// With the mutex held. After a pause without callers, the time counts from now.
  void owe(Clock::time_point now) {
    if (!owed_since || now - owed_until > times.between_pings) owed_since = now;
    owed_until = now;
  }

  Result<std::string> send(std::uint64_t of, std::string_view json, Clock::time_point deadline) {
    const Clock::time_point begun = Clock::now();
    {
      const std::lock_guard lock(mutex);
      if (current(); connection == of) owe(begun);
    }
    Result<std::string> answer = transport->command(json, deadline);
    const std::lock_guard lock(mutex);
    hear(of, answer, begun, deadline);
    return answer;
  }

  /// With the mutex held. Begins a ping, unless one is under way or was a moment ago. Without a thread for it nothing
  /// is known: the next command finds out.
  void ask() {
    if (asking || Clock::now() - asked < times.between_pings || !transport->connected()) return;
    asked = Clock::now();
    const Status started = start_thread(
        "guest-ping",
        [self = shared_from_this(), of = connection, limit = asked + times.ping] { self->ping(of, limit); },
        {.use = ThreadUse::conversation});
    if (started) {
      asking = connection;
    } else {
      learn(connection, State::unknown);
    }
  }

  /// With the mutex held. Whether an answer of this connection is on its way.
  bool is_being_asked() const { return asking == connection; }

  /// A caller that learns of its end may begin the next one.
  void ping(std::uint64_t of, Clock::time_point limit) noexcept {
    std::optional<Result<std::string>> answer;
    const Clock::time_point begun = Clock::now();
    try {
      answer = transport->command(R"({"execute":"guest-ping"})", limit);
    } catch (const std::exception&) {  // no memory: nothing was learnt
    }
    const std::lock_guard lock(mutex);
    asking.reset();
    if (answer) hear(of, *answer, begun, limit);
    changed.notify_all();
  }

  const std::shared_ptr<Transport> transport;
  const Times times;

  std::mutex mutex;
  Condition changed;
  State state = State::unknown;
  std::uint64_t connection = 0;
  std::optional<std::uint64_t> asking;  ///< the connection of the ping that is under way
  Clock::time_point asked{};
  std::optional<Clock::time_point> owed_since;  ///< when the first command was sent that nothing has been heard since
  Clock::time_point owed_until{};               ///< when one was last waited for
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
      if (watch_->current() == State::silent && transport_->connected()) return silent_error();
    }
    connection = watch_->connection;
  }
  return watch_->send(connection, json, deadline);
}

std::optional<Clock::duration> WatchedTransport::owing() const {
  const std::lock_guard lock(watch_->mutex);
  watch_->current();
  if (!watch_->owed_since || !transport_->connected()) return std::nullopt;
  return Clock::now() - *watch_->owed_since;
}

Status WatchedTransport::wait_for_life(Clock::time_point deadline) {
  std::unique_lock lock(watch_->mutex);
  const State known = watch_->current();
  if (known == State::answers || !transport_->connected()) return {};
  watch_->ask();
  const Times& times = watch_->times;
  const Clock::time_point until = watch_->asked + (known == State::silent ? times.patience : times.first_sign);
  watch_->changed.wait_until(lock, std::min(deadline, until),
                             [&] { return watch_->current() != known || !watch_->is_being_asked(); });
  if (watch_->current() == State::silent) return silent_error();
  if (watch_->state == State::unknown && watch_->is_being_asked())
    return error(Failure::unreachable, "the guest agent is connected but has not answered yet");
  return {};
}

Status WatchedTransport::wait_for_return(Clock::time_point until) {
  std::unique_lock lock(watch_->mutex);
  while (watch_->current() == State::silent && transport_->connected()) {
    watch_->ask();
    const auto asking = watch_->asking;  // else the last ping was a moment ago
    watch_->changed.wait_until(lock, asking ? until : std::min(until, watch_->asked + watch_->times.between_pings),
                               [&] { return watch_->current() != State::silent || watch_->asking != asking; });
    if (watch_->current() == State::silent && Clock::now() >= until) return silent_error();
  }
  return {};
}

}  // namespace vmms::guest
