#include "hypervisor/libvirt/consoles.hpp"

#include "hypervisor/libvirt/domain_call.hpp"

#include <fmt/format.h>

namespace vmms::hypervisor::libvirt {

Status LibvirtConsoles::press_keys(std::string_view id, const std::vector<std::uint8_t>& keys,
                                   std::chrono::milliseconds hold) {
  return call_running(core_, id, [&](virDomainPtr domain, const VirtualMachine& vm) -> Status {
    std::vector<unsigned> codes(keys.begin(), keys.end());
    if (virDomainSendKey(domain, VIR_KEYCODE_SET_QNUM, static_cast<unsigned>(hold.count()), codes.data(),
                         static_cast<int>(codes.size()), 0) < 0)
      return last_error_of(fmt::format("no keys can be pressed in {}", describe(vm)));
    return {};
  });
}

}  // namespace vmms::hypervisor::libvirt
