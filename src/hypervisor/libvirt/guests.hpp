// The ways into guests of domains: see agent_transport.hpp.
#pragma once

#include "hypervisor/guests.hpp"

namespace vmms::hypervisor::libvirt {

class Core;

class LibvirtGuestTransports final : public GuestTransports {
 public:
  explicit LibvirtGuestTransports(Core& core) : core_(core) {}

  std::shared_ptr<guest::Transport> find(std::string_view id) override;

 private:
  Core& core_;
};

}  // namespace vmms::hypervisor::libvirt
