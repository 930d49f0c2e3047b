// Whether a guest's agent answers. An idle guest is left alone: it is asked only when a caller wants to know.
#pragma once

#include "base/result.hpp"
#include "base/waiting.hpp"
#include "guest/transport/transport.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace vmms::guest {

/// A result is valid for a second and shared by all callers; an agent that does not answer for `patience` is silent, so
/// that no result is older than two seconds. One that was seen to need longer for its answers is slow, and gets twice
/// that time, counted from the oldest command that it has not answered. While an agent is silent, readers get the
/// answer at once, or nearly so. Thread-safe.
class Heartbeat {
 public:
  static constexpr std::chrono::milliseconds patience{800};
  static constexpr std::chrono::milliseconds patience_with_silence{100};
  static constexpr std::chrono::seconds believed{1};

  explicit Heartbeat(std::shared_ptr<Transport> transport) : transport_(std::move(transport)) {}

  /// Errors: unreachable (silent, or not connected; the text says which), timed_out (the deadline came before).
  Status read(Clock::time_point deadline);
  /// Before a command is sent to the agent, and after each of these: whether it answered.
  void asked();
  void ended(Clock::time_point asked, bool answered);

 private:
  const std::shared_ptr<Transport> transport_;
  std::mutex mutex_;
  Condition changed_;
  bool asking_ = false;
  std::optional<Status> found_;
  Clock::time_point found_at_;
  Clock::duration answer_time_{};  ///< of the last answer; zero: unknown
  std::size_t unanswered_ = 0;     ///< commands of others that are under way
  Clock::time_point unanswered_since_;
  std::uint64_t unanswered_connection_ = 0;  ///< of the agent that was sent the last of these
  std::uint64_t connection_ = 0;             ///< of the agent that was asked
};

}  // namespace vmms::guest
