#include "providers/integration/setting_changes.hpp"

#include "base/text.hpp"
#include "cim/typed.hpp"
#include "providers/integration/key_value_items.hpp"
#include "schema/Msvm_GuestCommunicationServiceSettingData.hpp"

#include <algorithm>

namespace vmms::providers {

namespace {

using CommunicationSetting = schema::msvm::GuestCommunicationServiceSettingData;
using hypervisor::Settings;

constexpr std::size_t most_communication_services = 256;  // of a VM: they all live in its <metadata>

Error invalid(std::string message) { return error(Failure::invalid_argument, std::move(message)); }

// EnabledState of a component: 2 on, 3 off, NULL as it is.
Result<std::optional<bool>> read_state(const cim::Instance& settings) {
  const cim::Value& state = settings["EnabledState"];
  if (state.is_null()) return std::optional<bool>();
  if (state == cim::Value(std::uint64_t{2})) return std::optional<bool>(true);
  if (state == cim::Value(std::uint64_t{3})) return std::optional<bool>(false);
  return invalid(fmt::format("EnabledState {} of {} is not valid: 2 is on, 3 is off", to_text(state),
                             to_text(settings["InstanceID"])));
}

Result<SettingChange> for_machine(const Environment& environment, std::string_view instance_id) {
  const std::string_view id = machine_of_instance_id(instance_id);
  if (id.empty())
    return error(Failure::not_found, fmt::format("the InstanceID \"{:.200}\" names no virtual machine", instance_id));
  const auto machine = find_machine(environment, id);
  if (!machine) return machine.error();
  return SettingChange{*machine, {}, {}};
}

Result<SettingChange> check_component(const Environment& environment, const cim::Instance& settings,
                                      const IntegrationComponent& component) {
  const std::string id = to_text(settings["InstanceID"]);
  if (!is_setting_of(component, id))
    return invalid(fmt::format("InstanceID \"{}\" is not that of a {}: expected {}", id, component.setting_class_name,
                               setting_instance_id("<VM id>", component.id)));
  auto change = for_machine(environment, id);
  if (!change) return change;
  // Clients write back what they read; these properties must not differ.
  for (const auto& [items, host_only] : {std::pair{"HostExchangeItems", false}, std::pair{"HostOnlyItems", true}})
    if (const cim::Value& given = settings[items];
        !given.is_null() && given != cim::typed::to_value(host_items(change->machine->settings, host_only)))
      return invalid(fmt::format("{} are changed by AddKvpItems, ModifyKvpItems and RemoveKvpItems", items));
  const auto enabled = read_state(settings);
  if (!enabled) return enabled.error();
  // Of the key-value pair exchange alone.
  const bool* host_disabled = settings["DisableHostKVPItems"].get_if<bool>();
  change->path = component_setting_path(change->machine->id, component);
  change->change = [member = component.enabled, enabled = *enabled,
                    disabled = host_disabled ? std::optional(*host_disabled) : std::nullopt](Settings& stored) {
    if (enabled) stored.*member = enabled;
    if (disabled) stored.host_key_values_disabled = disabled;
  };
  return change;
}

using Policy = Settings::CommunicationService::Policy;

Result<Policy> read_policy(const cim::Instance& settings, Policy otherwise) {
  const cim::Value& value = settings["EnabledStatePolicy"];
  if (value.is_null()) return otherwise;
  const std::uint64_t number = *value.get_if<std::uint64_t>();
  for (const Policy policy : {Policy::enabled, Policy::disabled, Policy::deferred})
    if (number == static_cast<std::uint64_t>(policy)) return policy;
  return invalid(fmt::format("EnabledStatePolicy {} is not valid: 2 is enabled, 3 disabled, 8 deferred", number));
}

Error no_communication_service(std::string_view id) {
  return error(Failure::not_found,
               fmt::format("there is no guest communication service with the InstanceID {:.200}", id));
}

Result<SettingChange> check_communication(const Environment& environment, const cim::Instance& settings) {
  const std::string id = to_text(settings["InstanceID"]);
  const std::string service(service_of_communication_setting(id));
  auto change = for_machine(environment, id);
  if (!change) return change;
  const auto* present = find_communication_service(*change->machine, service);
  if (!present) return no_communication_service(id);
  if (const std::string name = to_text(settings["Name"]); !name.empty() && !equals_no_case(name, present->id))
    return invalid(fmt::format("the Name of {} cannot be changed; create another one", id));
  const auto policy = read_policy(settings, present->policy);
  if (!policy) return policy.error();
  change->path = communication_setting_path(change->machine->id, present->id);
  change->change = [service = present->id, policy = *policy](Settings& stored) {
    for (Settings::CommunicationService& each : stored.communication_services)
      if (each.id == service) each.policy = policy;
  };
  return change;
}

}  // namespace

Result<SettingChange> check_modification(const Environment& environment, const cim::Instance& settings) {
  const cim::Class& cim_class = settings.cim_class();
  if (const IntegrationComponent* component = component_of_setting_class(cim_class.name))
    return check_component(environment, settings, *component);
  if (cim_class.is_a(CommunicationSetting::cim_class())) return check_communication(environment, settings);
  return error(Failure::not_supported, fmt::format("settings of class {} cannot be changed here", cim_class.name));
}

Result<SettingChange> check_addition(const Environment& environment, const cim::Instance& settings,
                                     std::string_view machine_id) {
  if (!settings.cim_class().is_a(CommunicationSetting::cim_class()))
    return error(Failure::not_supported,
                 fmt::format("settings of class {} cannot be added, only {}", settings.cim_class().name,
                             CommunicationSetting::cim_class().name));
  const std::string instance_id = to_text(settings["InstanceID"]);
  std::string service = to_upper(to_text(settings["Name"]));
  if (service.empty()) service = to_upper(service_of_communication_setting(instance_id));
  if (!is_guid(service))
    return invalid(fmt::format("the Name of a guest communication service is its GUID, not \"{:.100}\"", service));
  const std::string_view named = machine_of_instance_id(instance_id);
  if (machine_id.empty()) machine_id = named;
  if (machine_id.empty())
    return invalid("the InstanceID must name the virtual machine: Microsoft:<VM id>, with or without more behind it");
  if (!named.empty() && !equals_no_case(named, machine_id))
    return invalid(
        fmt::format("the InstanceID {} is that of another virtual machine than {}", instance_id, machine_id));
  const auto machine = find_machine(environment, machine_id);
  if (!machine) return machine.error();
  if (find_communication_service(**machine, service))
    return error(
        Failure::already_exists,
        fmt::format("virtual machine '{}' has the guest communication service {} already", (*machine)->name, service));
  if ((*machine)->settings.communication_services.size() >= most_communication_services)
    return error(Failure::busy, fmt::format("virtual machine '{}' has {} guest communication services: no more fit",
                                            (*machine)->name, most_communication_services));
  const auto policy = read_policy(settings, Policy::enabled);
  if (!policy) return policy.error();
  SettingChange change{*machine, {}, communication_setting_path((*machine)->id, service)};
  change.change = [added = Settings::CommunicationService{service, *policy}](Settings& stored) {
    auto& services = stored.communication_services;
    const auto at = std::lower_bound(services.begin(), services.end(), added.id,
                                     [](const auto& known, const std::string& id) { return known.id < id; });
    if (at == services.end() || at->id != added.id) services.insert(at, added);
  };
  return change;
}

Result<SettingChange> check_removal(const Environment& environment, const cim::ObjectPath& path) {
  if (!equals_no_case(path.class_name, CommunicationSetting::cim_class().name))
    return error(Failure::not_supported, fmt::format("settings of class {:.100} cannot be removed", path.class_name));
  const std::string_view id = path.value("InstanceID");
  auto change = for_machine(environment, id);
  if (!change) return change;
  const auto* present = find_communication_service(*change->machine, service_of_communication_setting(id));
  if (!present) return no_communication_service(id);
  change->path = path;
  change->change = [service = present->id](Settings& stored) {
    std::erase_if(stored.communication_services, [&](const auto& each) { return each.id == service; });
  };
  return change;
}

Status apply(const Environment& environment, const SettingChange& change) {
  return environment.host.machines().change_settings(change.machine->id, change.change);
}

std::string communication_setting_id(std::string_view machine_id, std::string_view service_id) {
  return fmt::format("{}\\{}", setting_instance_id(machine_id, guest_service_interface_id), service_id);
}

std::string_view service_of_communication_setting(std::string_view instance_id) {
  const std::string_view machine = machine_of_instance_id(instance_id);
  if (machine.empty()) return {};
  const std::string prefix = communication_setting_id(machine, {});
  if (instance_id.size() <= prefix.size() || !equals_no_case(instance_id.substr(0, prefix.size()), prefix)) return {};
  return instance_id.substr(prefix.size());
}

cim::ObjectPath communication_setting_path(std::string_view machine_id, std::string_view service_id) {
  cim::ObjectPath path;
  path.class_name = CommunicationSetting::cim_class().name;
  path.keys = {{"InstanceID", communication_setting_id(machine_id, service_id), {}}};
  return path;
}

const Settings::CommunicationService* find_communication_service(const hypervisor::VirtualMachine& machine,
                                                                 std::string_view service_id) {
  for (const Settings::CommunicationService& service : machine.settings.communication_services)
    if (equals_no_case(service.id, service_id)) return &service;
  return nullptr;
}

}  // namespace vmms::providers
