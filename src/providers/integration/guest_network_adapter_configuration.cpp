// Msvm_GuestNetworkAdapterConfiguration: the addresses that a guest has on one adapter, as it reports them. Adapters
// have no setting data yet, so an adapter's GUID is made of its hardware address: 00000000-0000-0000-0000-525400123456.
#include "base/text.hpp"
#include "providers/common/machine_pages.hpp"
#include "providers/integration/integration_components.hpp"
#include "schema/Msvm_GuestNetworkAdapterConfiguration.hpp"

#include <map>

namespace vmms::providers {

namespace {

using Configuration = schema::msvm::GuestNetworkAdapterConfiguration;
using hypervisor::VirtualMachine;

constexpr std::string_view prefix = "Microsoft:GuestNetwork\\";
constexpr std::size_t guid_length = 36;

std::string instance_id(const VirtualMachine& machine, std::string_view hardware_address) {
  std::string digits = to_upper(hardware_address);
  std::erase(digits, ':');
  return fmt::format("{}{}\\00000000-0000-0000-0000-{}", prefix, machine.id, digits);
}

std::string machine_of_adapter(std::string_view id) {
  if (!equals_no_case(id.substr(0, prefix.size()), prefix)) return {};
  return to_upper(id.substr(prefix.size(), guid_length));
}

// "255.255.255.0" of a version 4 address, "64" of a version 6 address, as Windows guests say it.
std::string subnet(const guest::IpAddress& address) {
  if (address.version_6) return std::to_string(address.prefix);
  const std::uint32_t mask = address.prefix == 0 ? 0 : ~std::uint32_t{0} << (32 - address.prefix);
  return fmt::format("{}.{}.{}.{}", mask >> 24, mask >> 16 & 0xFFU, mask >> 8 & 0xFFU, mask & 0xFFU);
}

void add(Configuration& found, const guest::NetworkInterface& interface) {
  for (const guest::IpAddress& address : interface.addresses) {
    found.ip_addresses->push_back(address.text);
    found.subnets->push_back(subnet(address));
    found.ip_address_origins->push_back(Configuration::IPAddressOrigins::unknown);  // the agent does not report it
    using Type = Configuration::ProtocolIFType;
    const Type type = address.version_6 ? Type::ipv6 : Type::ipv4;
    if (found.protocol_if_type == Type::unknown)
      found.protocol_if_type = type;
    else if (found.protocol_if_type != type)
      found.protocol_if_type = Type::ipv4_v6;
  }
}

class GuestNetworkAdapterConfigurationProvider : public schema::msvm::GuestNetworkAdapterConfigurationProvider {
 public:
  explicit GuestNetworkAdapterConfigurationProvider(Environment& environment) : environment_(environment) {}

  // One guest at a time, since a page may end in any.
  void enumerate(const cim::Context& context, const cim::TypedQuery<Configuration>& query,
                 cim::PageOf<Configuration>& page) override {
    const auto of = [&](const VirtualMachine& machine) { return adapters(context, machine, page.failures()); };
    enumerate_by_machine(environment_, query, page, of, machine_of_adapter);
  }

 private:
  // By hardware address. As on Hyper-V the guest reports by the key-value pair exchange: where that is off, nothing.
  std::vector<Configuration> adapters(const cim::Context& context, const VirtualMachine& machine,
                                      std::vector<Error>& failures) const {
    std::vector<Configuration> found;
    if (!is_active(machine)) return found;
    const auto deadline = guest_deadline(context);
    const Contact reached = contact(environment_, machine, key_value_exchange, deadline);
    if (reached.status == ComponentStatus::no_contact) return found;
    const auto guest = environment_.guests.find(machine.id);
    const auto identity =
        reached.status != ComponentStatus::ok || !guest
            ? Result<std::shared_ptr<const guest::Identity>>(error(Failure::unreachable, reached.text))
            : guest->identity(deadline);
    if (!identity) {
      failures.push_back(error(identity.error().kind, fmt::format("network adapters of virtual machine '{}': {}",
                                                                  machine.name, identity.error().message)));
      return found;
    }
    std::map<std::string, Configuration> adapters;
    for (const guest::NetworkInterface& interface : (*identity)->interfaces) {
      if (interface.hardware_address.empty()) continue;
      const std::string key = instance_id(machine, interface.hardware_address);
      const auto [at, is_new] = adapters.try_emplace(key);
      if (is_new) {
        at->second.instance_id = key;
        at->second.ip_addresses.emplace();
        at->second.subnets.emplace();
        at->second.ip_address_origins.emplace();
        at->second.protocol_if_type = Configuration::ProtocolIFType::unknown;
      }
      add(at->second, interface);  // bridges and VLANs share their adapter's address
    }
    for (auto& [key, adapter] : adapters) found.push_back(std::move(adapter));
    return found;
  }

  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::GuestNetworkAdapterConfigurationProvider> make_provider(Environment& environment) {
  return std::make_unique<GuestNetworkAdapterConfigurationProvider>(environment);
}

}  // namespace vmms::providers
