// What a guest has apart from its services: its name, addresses and clock, and how it is shut down or frozen. One
// method per command of the agent, answers bounded and validated.
#pragma once

#include "base/result.hpp"
#include "guest/agent/agent.hpp"
#include "guest/agent/execution.hpp"
#include "guest/system/key_values.hpp"
#include "guest/transport/transport.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vmms::guest {

struct IpAddress {
  std::string text;  ///< "192.0.2.7", "2001:db8::7"
  bool version_6 = false;
  unsigned prefix = 0;  ///< length of the network's prefix in bits
};

struct NetworkInterface {
  std::string name;              ///< "enp1s0"
  std::string hardware_address;  ///< "52:54:00:12:34:56", in lower case; empty where there is none (loopback)
  std::vector<IpAddress> addresses;
};

enum class ShutdownMode : std::uint8_t { power_down, reboot, hibernate };

/// Failures are those of Agent. Thread-safe.
class System {
 public:
  System(std::shared_ptr<Transport> transport, std::shared_ptr<AbandonedProcesses> abandoned)
      : transport_(std::move(transport)), abandoned_(std::move(abandoned)) {}

  Result<std::string> agent_version(Clock::time_point deadline);
  Result<OperatingSystem> operating_system(Clock::time_point deadline);
  Result<std::string> host_name(Clock::time_point deadline);
  /// At most 256 interfaces with 64 addresses each.
  Result<std::vector<NetworkInterface>> interfaces(Clock::time_point deadline);

  /// How far the guest's clock is ahead of this host's; half of the round trip is subtracted.
  Result<std::chrono::nanoseconds> clock_offset(Clock::time_point deadline);
  /// Sets the guest's clock to this host's. Whether it worked is read back: an agent that cannot set the hardware clock
  /// as well reports a failure.
  Status set_clock(Clock::time_point deadline);

  /// Shuts the guest's system down. Success means that the agent took the command: it does not answer then, so an agent
  /// that answered a ping and then disconnects, or is silent for the time of a command, has taken it. Errors: busy
  /// (file systems are frozen), those of Agent.
  Status shut_down(ShutdownMode mode, Clock::time_point deadline);

  /// How many file systems were frozen, or thawed. Freezing may take as long as the guest has to write.
  Result<unsigned> freeze(Clock::time_point deadline);
  Result<unsigned> thaw(Clock::time_point deadline);
  Result<bool> frozen(Clock::time_point deadline) { return Agent(*transport_).frozen(deadline); }

  /// Replaces the file `host_key_values_file` in the guest as a whole. Needs a shell in the guest.
  Status write_host_key_values(const KeyValues& values, Clock::time_point deadline);
  /// What programs of the guest wrote into `guest_key_values_file`; nothing where there is no such file.
  Result<KeyValues> read_guest_key_values(Clock::time_point deadline);

 private:
  Result<Output> run(Script script, Clock::time_point deadline);

  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<AbandonedProcesses> abandoned_;
};

}  // namespace vmms::guest
