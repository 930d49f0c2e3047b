#include "hypervisor/libvirt/define.hpp"
#include "hypervisor/libvirt/domain_xml.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vmms::hypervisor;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto domain = libvirt::parse_domain(text)) {
    Settings settings;
    settings.guest_service_interface = true;
    settings.vss_service = false;
    const auto written = libvirt::write_settings(domain->settings_element, settings);
    if (!written || written->find("<settings") != 0) std::abort();  // what was read can be written
  }
  (void)libvirt::prepare_definition(text, text, [] { return libvirt::Accelerator::kvm; });
  return 0;
}
