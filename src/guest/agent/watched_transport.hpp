// A transport that knows whether its agent answers.
#pragma once

#include "base/waiting.hpp"
#include "guest/transport/transport.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace vmms::guest {

/// A silent agent is waited for once, and not by everybody who reads: from the first command on that found it silent,
/// commands are refused, while a ping in the background, one a second as long as somebody asks, finds out whether it
/// has come back. Thread-safe.
class WatchedTransport : public Transport {
 public:
  struct Times {
    Clock::duration silence = std::chrono::milliseconds(3500);  ///< a command that got so much and no answer found it
    Clock::duration ping = std::chrono::seconds(4);
    Clock::duration between_pings = std::chrono::seconds(1);
    /// How long a ping of an agent that was silent is waited for: one that has come back answers within that.
    Clock::duration patience = std::chrono::milliseconds(100);
    /// How long the first ping of a connection is waited for by those who have other guests to ask.
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

  /// For those who have other guests to ask: returns when the agent of this connection has given its first sign of
  /// life, at once when that was before, or when only a command can find out. All wait for the same ping, and none for
  /// it once it has lasted too long. Errors: unreachable (silent; or it has said nothing yet).
  Status wait_for_life(Clock::time_point deadline);
  /// For those who want this guest and no other: where it is silent, waits for the answer to a ping.
  Status wait_for_return(Clock::time_point until);

 private:
  enum class State : std::uint8_t { unknown, answers, silent };
  struct Watch;

  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<Watch> watch_;
};

}  // namespace vmms::guest
