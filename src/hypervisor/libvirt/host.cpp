#include "hypervisor/libvirt/host.hpp"

#include "hypervisor/libvirt/consoles.hpp"
#include "hypervisor/libvirt/core.hpp"
#include "hypervisor/libvirt/guests.hpp"
#include "hypervisor/libvirt/machine.hpp"
#include "hypervisor/libvirt/machines.hpp"

#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

namespace vmms::hypervisor::libvirt {

namespace {

class LibvirtHost final : public Host {
 public:
  explicit LibvirtHost(std::shared_ptr<Core> core) : core_(std::move(core)) {}
  ~LibvirtHost() override {
    try {
      core_->close();
    } catch (const std::exception& e) {
      spdlog::error("the connection to libvirt is left as it is: {}", e.what());
    }
  }

  HostMachine& machine() override { return machine_; }
  VirtualMachines& machines() override { return machines_; }
  Consoles& consoles() override { return consoles_; }
  GuestTransports& guests() override { return guests_; }

 private:
  const std::shared_ptr<Core> core_;
  LibvirtHostMachine machine_{*core_};
  LibvirtVirtualMachines machines_{*core_};
  LibvirtConsoles consoles_{*core_};
  LibvirtGuestTransports guests_{*core_};
};

}  // namespace

Result<std::unique_ptr<Host>> connect(const Options& options) {
  auto core = Core::open(options);
  if (!core) return core.error();
  const HostInformationPtr information = (*core)->information();
  spdlog::info("{}: {}, {} virtual machines", information->name, information->hypervisor, (*core)->index().size());
  return std::unique_ptr<Host>(new LibvirtHost(*std::move(core)));
}

}  // namespace vmms::hypervisor::libvirt
