// Msvm_VirtualSystemManagementService: the service through which virtual machines are configured.
#include "schema/msvm/virtual_system_management_service.hpp"

#include "base/text.hpp"
#include "cim/typed.hpp"
#include "providers/machines.hpp"
#include "schema/msvm/guest_service_interface_component_setting_data.hpp"

namespace vmms::providers {

namespace {

using Service = schema::msvm::VirtualSystemManagementService;
using InterfaceSetting = schema::msvm::GuestServiceInterfaceComponentSettingData;

/// One change of a Guest Service Interface, checked.
struct Change {
  hypervisor::VirtualMachinePtr machine;
  std::optional<bool> enabled;  ///< nullopt: the setting data names no state, so it stays
};

class Provider : public schema::msvm::VirtualSystemManagementServiceProvider {
 public:
  explicit Provider(Environment& environment) : environment_(environment) {}

  cim::PageOf<Service> enumerate(const cim::Context&, const cim::TypedQuery<Service>& query) override {
    cim::PageOf<Service> page;
    Service service;
    service.creation_class_name = std::string(Service::cim_class().name);
    service.system_creation_class_name = std::string(computer_system_class);
    service.system_name = environment_.host.information().name;
    service.name = "vmms";
    if (query.selects(service.key())) page.items.push_back(std::move(service));
    return page;
  }

  Result<ModifyGuestServiceSettings::Out> invoke(const cim::Context& context, ModifyGuestServiceSettings, const Key&,
                                                 const ModifyGuestServiceSettings::In& in) override {
    ModifyGuestServiceSettings::Out out;
    const Status done =
        modify(context, in.guest_service_settings, out.return_value, out.job, out.resulting_guest_service_settings);
    if (!done) return done.error();
    return out;
  }

  Result<ModifyResourceSettings::Out> invoke(const cim::Context& context, ModifyResourceSettings, const Key&,
                                             const ModifyResourceSettings::In& in) override {
    ModifyResourceSettings::Out out;
    const Status done =
        modify(context, in.resource_settings, out.return_value, out.job, out.resulting_resource_settings);
    if (!done) return done.error();
    return out;
  }

  // Only communication services can be added and removed, and none can be registered yet.
  Result<AddGuestServiceSettings::Out> invoke(const cim::Context&, AddGuestServiceSettings, const Key&,
                                              const AddGuestServiceSettings::In&) override {
    AddGuestServiceSettings::Out out;
    out.return_value = 1;
    return out;
  }
  Result<RemoveGuestServiceSettings::Out> invoke(const cim::Context&, RemoveGuestServiceSettings, const Key&,
                                                 const RemoveGuestServiceSettings::In&) override {
    RemoveGuestServiceSettings::Out out;
    out.return_value = 1;
    return out;
  }

 private:
  using Settings = std::optional<std::vector<cim::InstancePtr>>;

  Result<Change> check(const cim::InstancePtr& instance) const {
    if (!instance) return error(Failure::invalid_argument, "one of the settings is NULL");
    if (!instance->cim_class().is_a(InterfaceSetting::cim_class()))
      return error(Failure::not_supported, fmt::format("settings of class {} cannot be changed here, only {}",
                                                       instance->cim_class().name, InterfaceSetting::cim_class().name));
    const auto setting = cim::from_instance<InterfaceSetting>(*instance);
    if (!setting) return setting.error();
    const std::string id = to_text((*instance)["InstanceID"]);
    if (!is_interface_setting(id))
      return error(Failure::invalid_argument,
                   fmt::format("InstanceID \"{}\" is not that of a Guest Service Interface: expected {}", id,
                               setting_instance_id("<VM id>", guest_service_interface_id)));
    Change change;
    const auto machine = find_machine(environment_, machine_of_instance_id(id));
    if (!machine) return machine.error();
    change.machine = *machine;
    const cim::Value& state = (*instance)["EnabledState"];
    if (!state.is_null()) {
      if (setting->enabled_state != 2 && setting->enabled_state != 3)
        return error(Failure::invalid_argument,
                     fmt::format("EnabledState {} of {} is not valid: 2 is on, 3 is off", to_text(state), id));
      change.enabled = setting->enabled_state == 2;
    }
    return change;
  }

  // All are checked before the first is changed.
  Status apply(const Settings& settings) const {
    if (!settings || settings->empty()) return error(Failure::invalid_argument, "there are no settings to change");
    std::vector<Change> changes;
    for (const cim::InstancePtr& instance : *settings) {
      auto change = check(instance);
      if (!change) return change.error();
      changes.push_back(*std::move(change));
    }
    for (const Change& change : changes) {
      if (!change.enabled) continue;
      const Status changed = environment_.host.change_settings(
          change.machine->id, [&](hypervisor::Settings& stored) { stored.guest_service_interface = *change.enabled; });
      if (!changed) return changed;
    }
    return {};
  }

  // Success answers 0 at once. As on Hyper-V a failure is a job in exception, since only a job carries a text.
  Status modify(const cim::Context& context, const Settings& settings, std::uint32_t& return_value,
                std::optional<cim::ObjectPath>& job, std::optional<std::vector<cim::ObjectPath>>& resulting) {
    const Status applied = apply(settings);
    if (!applied) {
      const auto failed = environment_.jobs.start("Modifying Virtual Machine Resources", context.caller.user, {}, {},
                                                  [applied] { return applied; });
      if (!failed) return failed.error();
      return_value = 4096;
      job = job_path(failed->id);
      return {};
    }
    return_value = 0;
    resulting.emplace();
    for (const cim::InstancePtr& instance : *settings)
      if (const auto change = check(instance)) resulting->push_back(interface_setting_path(change->machine->id));
    return {};
  }

  Environment& environment_;
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<VirtualSystemManagementServiceProvider> make_virtual_system_management_service_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::Provider>(environment);
}
}  // namespace vmms::schema::msvm
