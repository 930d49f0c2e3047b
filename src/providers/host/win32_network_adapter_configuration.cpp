// Win32_NetworkAdapterConfiguration of root/cimv2: the addresses of the network interfaces of the host.
#include "base/text.hpp"
#include "hypervisor/this_machine.hpp"
#include "providers/common/environment.hpp"
#include "schema/cimv2/Win32_NetworkAdapterConfiguration.hpp"

namespace vmms::providers {

namespace {

using Configuration = schema::cimv2::win32::NetworkAdapterConfiguration;

class Win32NetworkAdapterConfigurationProvider : public schema::cimv2::win32::NetworkAdapterConfigurationProvider {
 public:
  explicit Win32NetworkAdapterConfigurationProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<Configuration>& query,
                 cim::PageOf<Configuration>& page) override {
    const auto host = environment_.host.machine().information();
    if (!host->this_machine) return;
    for (auto& interface : hypervisor::this_machine::network_interfaces()) {
      Configuration found;
      found.index = interface.index;
      if (!query.selects(found.key())) continue;
      if (page.full()) break;
      found.interface_index = interface.index;
      found.caption = found.description = found.setting_id = interface.name;
      if (!interface.driver.empty()) found.service_name = interface.driver;
      if (!interface.hardware_address.empty()) found.mac_address = to_upper(interface.hardware_address);
      found.mtu = interface.mtu;
      found.ip_enabled = !interface.addresses.empty();
      if (*found.ip_enabled) {
        found.ip_address.emplace();
        found.ip_subnet.emplace();
        for (auto& address : interface.addresses) {
          found.ip_address->push_back(std::move(address.text));
          found.ip_subnet->push_back(std::move(address.subnet));
        }
        found.dns_host_name = host->name;
        found.dns_server_search_order = hypervisor::this_machine::name_servers();
      }
      if (!interface.gateways.empty()) found.default_ip_gateway = std::move(interface.gateways);
      page.add(std::move(found));
    }
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::cimv2::win32::NetworkAdapterConfigurationProvider> make_provider(Environment& environment) {
  return std::make_unique<Win32NetworkAdapterConfigurationProvider>(environment);
}

}  // namespace vmms::providers
