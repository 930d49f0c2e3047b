// The machine that libvirt runs on, for inventories.
#pragma once

#include "hypervisor/host.hpp"

#include <libvirt/libvirt.h>

#include <string_view>

namespace vmms::hypervisor::libvirt {

/// Adds what the connection says of the machine (its topology, capabilities and, where the driver has it, its
/// firmware's description), and where that is this machine (`local`) what its kernel says. What nobody says stays
/// empty.
void describe_machine(virConnectPtr connection, bool local, HostInformation& information);

/// PRETTY_NAME of an os-release(5) text; empty when it has none.
std::string operating_system_name(std::string_view os_release);

/// The leading numbers of a kernel's release: "6.1.0-28-amd64" is "6.1.0".
std::string numeric_version(std::string_view release);

}  // namespace vmms::hypervisor::libvirt
