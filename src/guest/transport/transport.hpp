// What the guest layer needs from a hypervisor to work inside one running guest. src/hypervisor implements it.
#pragma once

#include "base/result.hpp"
#include "guest/transport/clock.hpp"
#include "guest/transport/port.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::guest {

/// The way to one guest's agent. Thread-safe. One command is in flight per guest; commands of different operations
/// interleave.
class Transport {
 public:
  virtual ~Transport() = default;

  /// Whether an agent holds the other end of the channel now.
  virtual bool connected() const = 0;

  /// Counts the agent's connections: what was learnt from an agent is void when this changes.
  virtual std::uint64_t connection() const = 0;

  /// Sends one QMP-style command (`{"execute":"guest-info"}`) and returns the agent's whole answer as JSON text:
  /// `{"return":…}` or `{"error":{"class":…,"desc":…}}`. Returns by `deadline` whatever the guest or other users of the
  /// domain do; the answer of a command given up is dropped when it comes.
  /// Errors: unreachable (no agent, silent agent: the text says which), invalid_state (VM not running or paused),
  /// busy (too many commands wait for this guest), failed (anything else of the hypervisor).
  virtual Result<std::string> command(std::string_view json, Clock::time_point deadline) = 0;

  /// For how long the agent has owed an answer to a command, with nothing received since; nothing: it owes none, or
  /// this transport does not track it.
  virtual std::optional<Clock::duration> owing() const { return std::nullopt; }

  /// How long to wait before the first guest-exec-status, and at most between two of them.
  struct PollDelays {
    std::chrono::milliseconds first{20};
    std::chrono::milliseconds most{250};
  };
  virtual PollDelays poll_delays() const { return {}; }

  /// Plugs a port into the running VM. `purpose` (letters and digits) becomes part of its name, for people who look at
  /// the domain. Errors: not_supported (this host or VM has no such ports), busy (no more ports fit), those of
  /// `command`.
  virtual Result<std::unique_ptr<Port>> open_port(std::string_view purpose, Clock::time_point deadline) {
    (void)purpose, (void)deadline;
    return error(Failure::not_supported, "this virtual machine takes no data ports");
  }
};

}  // namespace vmms::guest
