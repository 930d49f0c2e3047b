// StartService, StopService, ChangeStartMode and RequestStateChange on guest services: the order of checks and the
// answers, the same for every class of the family (docs/guest-services.md, "What StartService answers").
#pragma once

#include "guest/guest.hpp"
#include "providers/common/machines.hpp"
#include "providers/common/state_change.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace vmms::providers {

enum class ServiceAction : std::uint8_t { start, stop, change_mode };

/// A guest service that somebody wants to start, stop or change: its VM runs or is paused, and its interface is on.
struct ServiceTarget {
  hypervisor::VirtualMachinePtr machine;
  std::shared_ptr<guest::Guest> guest;
};

/// The checks before anything is sent to the guest, then `act`. Where `act` fails with not_supported, and where the
/// interface is off, the answer is 1; the reason goes to the log. Other failures are the caller's fault.
Result<std::uint32_t> act_on_service(const Environment& environment, std::string_view machine_id,
                                     std::string_view service, ServiceAction action,
                                     const std::function<Status(const ServiceTarget&)>& act);

/// RequestStateChange of a guest service: 2 and 3 are StartService and StopService, anything else answers 1; a
/// TimeoutPeriod that limits 4098.
Result<std::uint32_t> change_service_state(std::optional<std::uint16_t> requested,
                                           const std::optional<cim::DateTime>& timeout,
                                           const std::function<Result<std::uint32_t>(ServiceAction)>& act);

/// A method's outputs from its return value.
template <class Out>
Result<Out> answer(const Result<std::uint32_t>& code) {
  if (!code) return code.error();
  Out out;
  out.return_value = *code;
  return out;
}

/// Whether the guest is known to freeze or to hang before it is asked: a paused VM. Errors: unreachable.
Status check_reachable(const hypervisor::VirtualMachine& machine);

}  // namespace vmms::providers
