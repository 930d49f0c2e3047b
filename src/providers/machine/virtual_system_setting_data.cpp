// Msvm_VirtualSystemSettingData: the settings of a virtual machine as a whole (the realized ones; read only).
#include "base/text.hpp"
#include "providers/common/machine_pages.hpp"
#include "schema/Msvm_VirtualSystemSettingData.hpp"

namespace vmms::providers {

namespace {

using hypervisor::VirtualMachine;
using schema::msvm::VirtualSystemSettingData;

// virt-who, the only client known to read BIOSGUID, swaps the bytes of the first three groups: what it reports is then
// what the guest's own firmware says.
std::string swapped(std::string guid) {
  for (const auto& [begin, length] : {std::pair(0, 8), std::pair(9, 4), std::pair(14, 4)})
    for (int low = begin, high = begin + length - 2; low < high; low += 2, high -= 2) {
      std::swap(guid[static_cast<std::size_t>(low)], guid[static_cast<std::size_t>(high)]);
      std::swap(guid[static_cast<std::size_t>(low) + 1], guid[static_cast<std::size_t>(high) + 1]);
    }
  return guid;
}

VirtualSystemSettingData settings_instance(const VirtualMachine& machine) {
  VirtualSystemSettingData settings;
  settings.instance_id = "Microsoft:" + machine.id;
  settings.element_name = machine.name;
  settings.virtual_system_identifier = machine.id;
  settings.virtual_system_type = "Microsoft:Hyper-V:System:Realized";
  settings.configuration_id = machine.id;
  settings.biosguid = "{" + swapped(machine.id) + "}";
  settings.is_saved = machine.power == hypervisor::PowerState::saved;
  if (!machine.description.empty()) settings.notes = {{machine.description}};
  if (machine.created) settings.creation_time = cim::DateTime::timestamp(*machine.created);
  return settings;
}

class VirtualSystemSettingDataProvider : public schema::msvm::VirtualSystemSettingDataProvider {
 public:
  explicit VirtualSystemSettingDataProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<VirtualSystemSettingData>& query,
                 cim::PageOf<VirtualSystemSettingData>& page) override {
    enumerate_by_machine(environment_, query, page,
                         [](const VirtualMachine& machine) { return std::optional(settings_instance(machine)); });
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::VirtualSystemSettingDataProvider> make_provider(Environment& environment) {
  return std::make_unique<VirtualSystemSettingDataProvider>(environment);
}

}  // namespace vmms::providers
