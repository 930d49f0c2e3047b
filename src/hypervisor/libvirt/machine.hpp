// The machine that libvirt runs on.
#pragma once

#include "hypervisor/machine.hpp"

#include <libvirt/libvirt.h>

#include <string>
#include <string_view>

namespace vmms::hypervisor::libvirt {

class Core;

class LibvirtHostMachine final : public HostMachine {
 public:
  explicit LibvirtHostMachine(const Core& core) : core_(core) {}

  HostInformationPtr information() const override;
  std::optional<std::uint64_t> free_memory_bytes() const override;
  Status health() const override;

 private:
  const Core& core_;
};

/// Adds what the connection reports of the machine (its topology, capabilities and, where the driver has it, its
/// firmware's description), and where that is this machine what its kernel reports. What is not reported stays empty,
/// except for the UUID, which then follows from `identity`.
void describe_machine(virConnectPtr connection, const std::string& uri, const std::string& identity,
                      HostInformation& information);

/// Candidates for the UUID of a host.
struct KnownUuids {
  std::string libvirt;
  std::string firmware;     ///< of this machine; empty for another's
  bool configured = false;  ///< libvirt's is in a file of its configuration
  bool local = false;       ///< the host is this machine
  std::string identity;     ///< of this machine
  std::string uri;
};

/// The one that stays the same: where neither firmware nor configuration has one, libvirt makes one up with each start.
/// In upper case.
std::string lasting_uuid(const KnownUuids& known);

/// PRETTY_NAME of an os-release(5) text; empty when it has none.
std::string operating_system_name(std::string_view os_release);

/// The leading numbers of a kernel's release: "6.1.0-28-amd64" is "6.1.0".
std::string numeric_version(std::string_view release);

}  // namespace vmms::hypervisor::libvirt
