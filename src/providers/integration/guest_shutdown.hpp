// Shutting a guest down from within, for Msvm_ShutdownComponent and Msvm_ComputerSystem.
#pragma once

#include "providers/common/machines.hpp"

#include <string>

namespace vmms::providers {

/// By the guest's agent; where there is none, or it does not answer, by the power button (ACPI), which has no
/// hibernation. Success means that the guest got the request. Errors: not_found, invalid_state (the component is off,
/// the VM is paused), busy (file systems are frozen), not_supported, unreachable, failed.
Status shut_down_guest(const Environment& environment, std::string_view machine_id, guest::ShutdownMode mode,
                       guest::Clock::time_point deadline);

}  // namespace vmms::providers
