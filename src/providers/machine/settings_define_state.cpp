// Msvm_SettingsDefineState: a virtual machine and its settings.
#include "base/case_folding.hpp"
#include "base/text.hpp"
#include "providers/common/machines.hpp"
#include "schema/Msvm_SettingsDefineState.hpp"

namespace vmms::providers {

namespace {

using schema::msvm::SettingsDefineState;
using Found = std::vector<SettingsDefineState>;

class SettingsDefineStateProvider : public schema::msvm::SettingsDefineStateProvider {
 public:
  explicit SettingsDefineStateProvider(Environment& environment) : environment_(environment) {}

  Result<Found> from(const cim::Context&, SettingsDefineState::ManagedElement, const cim::ObjectPath& end) override {
    if (!equals_no_case(end.class_name, computer_system_class)) return Found{};
    // The host itself has no settings of this kind.
    if (equals_folded(end.value("Name"), environment_.host.machine().information()->name)) return Found{};
    return of_machine(end.value("Name"));
  }

  Result<Found> from(const cim::Context&, SettingsDefineState::SettingData, const cim::ObjectPath& end) override {
    if (!equals_no_case(end.class_name, "Msvm_VirtualSystemSettingData")) return Found{};
    return of_machine(machine_of_instance_id(end.value("InstanceID")));
  }

 private:
  Result<Found> of_machine(std::string_view id) const {
    const auto machine = find_machine(environment_, id);
    if (!machine) return machine.error();
    SettingsDefineState association;
    association.managed_element = computer_system_path((*machine)->id);
    association.setting_data = settings_path((*machine)->id);
    return Found{association};
  }

  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::SettingsDefineStateProvider> make_provider(Environment& environment) {
  return std::make_unique<SettingsDefineStateProvider>(environment);
}

}  // namespace vmms::providers
