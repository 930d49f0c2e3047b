#include "hypervisor/simulator/machine.hpp"

#include "hypervisor/simulator/fleet.hpp"

namespace vmms::hypervisor::simulator {

HostInformationPtr SimulatedHostMachine::information() const { return fleet_.information(); }

std::optional<std::uint64_t> SimulatedHostMachine::free_memory_bytes() const {
  return fleet_.information()->memory_bytes / 2;
}

Status SimulatedHostMachine::health() const { return fleet_.health(); }

}  // namespace vmms::hypervisor::simulator
