// Power and settings of simulated virtual machines.
#pragma once

#include "hypervisor/machines.hpp"

namespace vmms::hypervisor::simulator {

class Fleet;

class SimulatedVirtualMachines : public VirtualMachines {
 public:
  explicit SimulatedVirtualMachines(Fleet& fleet) : fleet_(fleet) {}

  VirtualMachinePtr find(std::string_view id) const override;
  std::vector<VirtualMachinePtr> list(std::string_view after, std::size_t limit) const override;
  Status start(std::string_view id) override;
  Status turn_off(std::string_view id) override;
  Status pause(std::string_view id) override { return rest(id, PowerState::paused); }
  Status save(std::string_view id) override { return rest(id, PowerState::saved); }
  Status reset(std::string_view id) override { return request_power(id, PowerRequest::reboot); }
  Status request_power(std::string_view id, PowerRequest request) override;
  Status change_settings(std::string_view id, const std::function<void(Settings&)>& change) override;
  void listen(Listener listener) override;

 private:
  Status rest(std::string_view id, PowerState power);

  Fleet& fleet_;
};

}  // namespace vmms::hypervisor::simulator
