// The Guest Service Interface of a VM.
#pragma once

#include "cli/session.hpp"

namespace vmms::cli {

/// Whether guest services of the VM may be used.
/// How well the guest is reached, from OperationalStatus of its Msvm_GuestServiceInterfaceComponent: "OK", "degraded",
/// "no contact", "lost", "paused" …
std::string contact(const wsman::Record& component);

Result<bool> interface_enabled(Session& session, const VirtualMachine& machine);

}  // namespace vmms::cli
