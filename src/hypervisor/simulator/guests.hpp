// The ways into simulated guests.
#pragma once

#include "hypervisor/guests.hpp"

namespace vmms::hypervisor::simulator {

class Fleet;

class SimulatedGuestTransports : public GuestTransports {
 public:
  explicit SimulatedGuestTransports(Fleet& fleet) : fleet_(fleet) {}

  std::shared_ptr<guest::Transport> find(std::string_view id) override;

 private:
  Fleet& fleet_;
};

}  // namespace vmms::hypervisor::simulator
