// The machine that a description of a fleet says to be the host.
#pragma once

#include "hypervisor/machine.hpp"

namespace vmms::hypervisor::simulator {

class Fleet;

class SimulatedHostMachine final : public HostMachine {
 public:
  explicit SimulatedHostMachine(const Fleet& fleet) : fleet_(fleet) {}

  HostInformationPtr information() const override;
  std::optional<std::uint64_t> free_memory_bytes() const override;
  Status health() const override;

 private:
  const Fleet& fleet_;
};

}  // namespace vmms::hypervisor::simulator
