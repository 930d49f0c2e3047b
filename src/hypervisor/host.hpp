// A host of virtual machines: one facet for each thing that a provider may ask of it. libvirt/ and simulator/ implement
// them, each in the files of the same names.
#pragma once

#include "hypervisor/consoles.hpp"
#include "hypervisor/guests.hpp"
#include "hypervisor/machine.hpp"
#include "hypervisor/machines.hpp"

namespace vmms::hypervisor {

/// Its facets are there as long as it is. Thread-safe.
class Host {
 public:
  virtual ~Host() = default;

  virtual HostMachine& machine() = 0;
  virtual VirtualMachines& machines() = 0;
  virtual Consoles& consoles() = 0;
  virtual GuestTransports& guests() = 0;
};

}  // namespace vmms::hypervisor
