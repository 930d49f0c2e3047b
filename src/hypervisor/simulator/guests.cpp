#include "hypervisor/simulator/guests.hpp"

#include "hypervisor/simulator/fleet.hpp"

namespace vmms::hypervisor::simulator {

std::shared_ptr<guest::Transport> SimulatedGuestTransports::find(std::string_view id) { return fleet_.guest(id); }

}  // namespace vmms::hypervisor::simulator
