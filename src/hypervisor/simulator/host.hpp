// A host of virtual machines that exist in memory only. What a file describes, or a test does to them, happens.
#pragma once

#include "base/result.hpp"
#include "hypervisor/host.hpp"
#include "hypervisor/simulator/consoles.hpp"
#include "hypervisor/simulator/description.hpp"
#include "hypervisor/simulator/fleet.hpp"
#include "hypervisor/simulator/guest.hpp"
#include "hypervisor/simulator/guests.hpp"
#include "hypervisor/simulator/machine.hpp"
#include "hypervisor/simulator/machines.hpp"

#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace vmms::hypervisor::simulator {

/// `id` is compared without case everywhere; the calls of its own, for tests, ignore unknown ids.
class Simulator : public Host {
 public:
  explicit Simulator(FleetDescription description) : fleet_(std::move(description)) {}

  HostMachine& machine() override { return machine_; }
  VirtualMachines& machines() override { return machines_; }
  Consoles& consoles() override { return consoles_; }
  GuestTransports& guests() override { return guests_; }

  /// The guest itself, for what a test does inside it; null when there is no such VM.
  std::shared_ptr<SimulatedGuest> simulated_guest(std::string_view id) { return fleet_.guest(id); }
  /// An agent that connects, goes, or falls silent, as if by itself.
  void set_agent(std::string_view id, AgentState agent) { fleet_.set_agent(id, agent); }
  /// A VM that is paused, or dies, as if by itself.
  void set_power(std::string_view id, PowerState power) { fleet_.set_power(id, power); }
  /// A VM that somebody undefined.
  void remove(std::string_view id) { fleet_.remove(id); }
  /// The last keys that were pressed together, at most 64 times.
  std::vector<std::vector<std::uint8_t>> keys(std::string_view id) const { return consoles_.keys(id); }
  /// What health() answers from now on.
  void set_health(Status health) { fleet_.set_health(std::move(health)); }

 protected:
  /// For a host that has a facet of its own.
  Fleet& fleet() { return fleet_; }

 private:
  Fleet fleet_;
  SimulatedHostMachine machine_{fleet_};
  SimulatedVirtualMachines machines_{fleet_};
  SimulatedConsoles consoles_{fleet_};
  SimulatedGuestTransports guests_{fleet_};
};

/// Reads the description and makes the host. Errors: see read_description.
Result<std::unique_ptr<Host>> load(const std::filesystem::path& toml);

}  // namespace vmms::hypervisor::simulator
