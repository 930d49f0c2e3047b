// Domains as virtual machines. Each call that changes one reads its record again before it returns.
#pragma once

#include "hypervisor/machines.hpp"

namespace vmms::hypervisor::libvirt {

class Core;

class LibvirtVirtualMachines final : public VirtualMachines {
 public:
  explicit LibvirtVirtualMachines(Core& core) : core_(core) {}

  VirtualMachinePtr find(std::string_view id) const override;
  std::vector<VirtualMachinePtr> list(std::string_view after, std::size_t limit) const override;
  Status start(std::string_view id) override;
  Status turn_off(std::string_view id) override;
  Status pause(std::string_view id) override;
  Status save(std::string_view id) override;
  Status reset(std::string_view id) override;
  Status request_power(std::string_view id, PowerRequest request) override;
  Status change_settings(std::string_view id, const std::function<void(Settings&)>& change) override;
  void listen(Listener listener) override;

 private:
  Core& core_;
};

}  // namespace vmms::hypervisor::libvirt
