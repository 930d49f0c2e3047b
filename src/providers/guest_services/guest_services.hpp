// StartService, StopService, ChangeStartMode and RequestStateChange on guest services: the order of checks and the
// answers, the same for every class of the family (docs/guest-services.md, "What StartService answers").
#pragma once

#include "guest/guest.hpp"
#include "providers/common/answer.hpp"
#include "providers/common/machines.hpp"
#include "providers/common/state_change.hpp"
#include "schema/Msvm_GuestService.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace vmms::providers {

enum class ServiceAction : std::uint8_t { start, stop, change_mode };

/// Return values of the methods of guest services: StartService and StopService have only the first two.
using ServiceAnswer = schema::msvm::GuestService::RequestStateChange::Code;

/// A guest service that a client wants to start, stop or change: its VM runs or is paused, and its interface is on.
struct ServiceTarget {
  hypervisor::VirtualMachinePtr machine;
  std::shared_ptr<guest::Guest> guest;
};

/// The checks before anything is sent to the guest, then `act`. Where `act` fails with not_supported, and where the
/// interface is off, the answer is 1; the reason goes to the log. Other failures are the caller's fault.
Result<ServiceAnswer> act_on_service(const Environment& environment, std::string_view machine_id,
                                     std::string_view service, ServiceAction action,
                                     const std::function<Status(const ServiceTarget&)>& act);

/// RequestStateChange of a guest service: 2 and 3 are StartService and StopService, anything else answers 1; a
/// TimeoutPeriod that sets a limit, 4098.
Result<ServiceAnswer> change_service_state(
    std::optional<schema::msvm::GuestService::RequestStateChange::RequestedState> requested,
    const std::optional<cim::DateTime>& timeout, const std::function<Result<ServiceAnswer>(ServiceAction)>& act);

/// Whether the guest is known not to answer before it is asked, as in a paused VM. Errors: unreachable.
Status check_reachable(const hypervisor::VirtualMachine& machine);

}  // namespace vmms::providers
