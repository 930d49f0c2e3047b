// One domain of libvirt's as a record.
#pragma once

#include "base/result.hpp"
#include "hypervisor/libvirt/library.hpp"
#include "hypervisor/libvirt/uri.hpp"
#include "hypervisor/machines.hpp"

#include <optional>
#include <string>
#include <vector>

namespace vmms::hypervisor::libvirt {

/// What libvirt reports of a domain at one moment.
struct DomainReading {
  /// Without `created` and `state_changed`, which libvirt does not know.
  VirtualMachine record;
  bool active = false;
  /// Our element in the configuration (the live one's of a transient domain), and in the live copy.
  std::string settings_element;
  std::string live_settings_element;
  std::vector<std::string> port_aliases;  ///< of the data ports of ours in the live domain
};

/// Reads a domain; waits for libvirt. Errors: not_found when it is gone, those of libvirt.
Result<DomainReading> read_domain(virDomainPtr domain, const LocalFiles& files);

/// The domain with this id. Errors: not_found, unreachable.
Result<DomainHandle> look_up(virConnectPtr connection, const std::string& id);

/// The id of a domain as records have it; empty when libvirt does not know it.
std::string id_of(virDomainPtr domain);

/// "VM web (A1576C71-…)", for texts that people read.
std::string describe(const VirtualMachine& vm);

}  // namespace vmms::hypervisor::libvirt
