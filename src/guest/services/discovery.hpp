// What an agent allows, what system it runs in, and which service manager that has.
#pragma once

#include "base/result.hpp"
#include "guest/agent/execution.hpp"
#include "guest/services/capabilities.hpp"
#include "guest/services/service_manager.hpp"

#include <memory>
#include <string>

namespace vmms::guest {

/// `$0` of the script that looks for a service manager.
constexpr std::string_view discovery_script = "vmms-discovery";

struct Discovery {
  Capabilities capabilities;
  std::shared_ptr<const ServiceManager> manager;  ///< null: none that can be used
  bool starting = false;                          ///< there is one, or will be, but it does not answer yet
  Error reason;  ///< why there is no manager: not_supported, or unreachable while starting
};

/// Asks the agent of the current connection. Doing it again after it was cut off by its deadline does no harm. Failures
/// as of Agent, and not_supported when there is no agent.
Result<std::shared_ptr<const Discovery>> discover(const std::shared_ptr<Transport>& transport,
                                                  const std::shared_ptr<AbandonedProcesses>& abandoned,
                                                  Clock::time_point deadline);

/// What to do in a guest whose SELinux lets the agent run programs, but confined to its own domain.
std::string confinement_advice(std::string_view context);
/// Whether a tool's output says that it was not allowed to do something.
bool is_denial(std::string_view words);

/// "Unreachable" of a transport to which no agent was connected is the lasting "no agent".
Error without_agent(Error error, bool connected);

}  // namespace vmms::guest
