// The keyboards of simulated virtual machines, which remember what was pressed.
#pragma once

#include "hypervisor/consoles.hpp"

namespace vmms::hypervisor::simulator {

class Fleet;

class SimulatedConsoles final : public Consoles {
 public:
  explicit SimulatedConsoles(Fleet& fleet) : fleet_(fleet) {}

  Status press_keys(std::string_view id, const std::vector<std::uint8_t>& keys,
                    std::chrono::milliseconds hold) override;
  /// The last keys that were pressed together, at most 64 times.
  std::vector<std::vector<std::uint8_t>> keys(std::string_view id) const;

 private:
  Fleet& fleet_;
};

}  // namespace vmms::hypervisor::simulator
