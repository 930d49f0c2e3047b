#include "hypervisor/libvirt/guests.hpp"

#include "hypervisor/libvirt/core.hpp"

namespace vmms::hypervisor::libvirt {

std::shared_ptr<guest::Transport> LibvirtGuestTransports::find(std::string_view id) {
  if (!core_.index().find(id)) return nullptr;
  const auto slot = core_.slot(id);
  return slot ? slot->transport : nullptr;
}

}  // namespace vmms::hypervisor::libvirt
