// A transport that knows whether its agent answers.
#pragma once

#include "base/waiting.hpp"
#include "guest/transport/transport.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace vmms::guest {

/// A silent agent is waited for once, not by every caller: from the first command that found it silent, commands are
/// refused, while a ping in the background, one a second as long as callers ask, finds out whether it is back.
/// Thread-safe.
class WatchedTransport : public Transport {
 public:
  struct Times {
    Clock::duration silence = std::chrono::milliseconds(3500);  ///< a command without an answer for so long found it
    Clock::duration ping = std::chrono::seconds(4);
    Clock::duration between_pings = std::chrono::seconds(1);
    /// How long to wait for the ping of an agent that was silent: one that is back answers within that.
    Clock::duration patience = std::chrono::milliseconds(100);
    /// How long callers that have other guests to ask wait for the first ping of a connection.
    Clock::duration first_sign = std::chrono::seconds(1);
  };

  explicit WatchedTransport(std::shared_ptr<Transport> transport) : WatchedTransport(std::move(transport), Times{}) {}
  WatchedTransport(std::shared_ptr<Transport> transport, Times times);

  bool connected() const override { return transport_->connected(); }
  std::uint64_t connection() const override { return transport_->connection(); }
  Result<std::string> command(std::string_view json, Clock::time_point deadline) override;
  std::optional<Clock::duration> owing() const override;
  PollDelays poll_delays() const override { return transport_->poll_delays(); }
  Result<std::unique_ptr<Port>> open_port(std::string_view purpose, Clock::time_point deadline) override {
    return transport_->open_port(purpose, deadline);
  }

  /// The transport below, for work that must go on although others find the agent silent.
  const std::shared_ptr<Transport>& unwatched() const { return transport_; }

  /// For callers that have other guests to ask: returns when the agent of this connection has given its first sign of
  /// life, at once when that was before, or when only a command can find out. All wait for the same ping, and none for
  /// it once it has lasted too long. Errors: unreachable (silent; or it has said nothing yet).
  Status wait_for_life(Clock::time_point deadline);
  /// For callers that want only this guest: where it is silent, waits for the answer to a ping.
  Status wait_for_return(Clock::time_point until);

 private:
  enum class State : std::uint8_t { unknown, answers, silent };
  struct Watch;

  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<Watch> watch_;
};

}  // namespace vmms::guest
