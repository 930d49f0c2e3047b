// Calls of libvirt for a VM named by the caller: what several facets have in common.
#pragma once

#include "base/result.hpp"
#include "hypervisor/libvirt/core.hpp"
#include "hypervisor/libvirt/library.hpp"
#include "hypervisor/libvirt/record.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace vmms::hypervisor::libvirt {

struct KnownMachine {
  VirtualMachinePtr vm;
  std::shared_ptr<Slot> slot;
};
/// Errors: not_found.
Result<KnownMachine> known_machine(Core& core, std::string_view id);

/// A domain with the connection that its calls go over; they may take their time.
struct ControlledDomain {
  ConnectionPool::Lease connection;
  DomainHandle domain;

  virDomainPtr get() const { return domain.get(); }
};
/// Waits for a free connection, 30 s at most. `id` is a record's. Errors: busy, not_found, unreachable.
Result<ControlledDomain> controlled_domain(Core& core, const std::string& id);

/// Calls the domain of a VM that runs as far as its record says. Errors: not_found, invalid_state, those of
/// controlled_domain and of `call`.
Status call_running(Core& core, std::string_view id,
                    const std::function<Status(virDomainPtr, const VirtualMachine&)>& call);

}  // namespace vmms::hypervisor::libvirt
