// Msvm_SettingsDefineState: a virtual machine and its settings.
#include "schema/msvm/settings_define_state.hpp"

#include "base/case_folding.hpp"
#include "base/text.hpp"
#include "providers/common/machines.hpp"

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
    if (equals_folded(end.value("Name"), environment_.host.information()->name)) return Found{};
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

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<SettingsDefineStateProvider> make_settings_define_state_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::SettingsDefineStateProvider>(environment);
}
}  // namespace vmms::schema::msvm
