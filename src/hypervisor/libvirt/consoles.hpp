// Consoles of domains.
#pragma once

#include "hypervisor/consoles.hpp"

namespace vmms::hypervisor::libvirt {

class Core;

class LibvirtConsoles final : public Consoles {
 public:
  explicit LibvirtConsoles(Core& core) : core_(core) {}

  Status press_keys(std::string_view id, const std::vector<std::uint8_t>& keys,
                    std::chrono::milliseconds hold) override;

 private:
  Core& core_;
};

}  // namespace vmms::hypervisor::libvirt
