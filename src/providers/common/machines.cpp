#include "providers/common/machines.hpp"

#include "base/escaped.hpp"
#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "hypervisor/power.hpp"

namespace vmms::providers {

using hypervisor::PowerState;
using hypervisor::VirtualMachine;
using hypervisor::VirtualMachinePtr;

namespace {
constexpr std::string_view instance_id_prefix = "Microsoft:";
constexpr std::size_t guid_length = 36;
}  // namespace

std::string command_word(const VirtualMachine& machine) { return shell_argument(machine.name, machine.id); }

Result<VirtualMachinePtr> find_machine(const Environment& environment, std::string_view id) {
  if (auto machine = environment.host.machines().find(id)) return machine;
  // A lost connection explains a VM that is missing better than "not found" does.
  if (const Status health = environment.host.machine().health(); !health) return health.error();
  return error(Failure::not_found, fmt::format("there is no virtual machine {}", escaped(id.substr(0, 200))));
}

Result<VirtualMachinePtr> find_active_machine(const Environment& environment, std::string_view id) {
  auto machine = find_machine(environment, id);
  if (machine && !is_active(**machine))
    return error(Failure::not_found,
                 fmt::format("virtual machine '{}' is {}: its guest services exist only while it runs; start it with: "
                             "vmms vm start {}",
                             (*machine)->name, power_name((*machine)->power), command_word(**machine)));
  return machine;
}

bool is_active(const VirtualMachine& machine) {
  return machine.power == PowerState::running || machine.power == PowerState::paused ||
         machine.power == PowerState::stopping;
}

bool interface_enabled(const Environment& environment, const VirtualMachine& machine) {
  return component_enabled(environment, machine, guest_service_interface);
}

const IntegrationComponent* component_of_class(std::string_view class_name) {
  for (const IntegrationComponent* component : integration_components)
    if (equals_no_case(component->class_name, class_name)) return component;
  return nullptr;
}

const IntegrationComponent* component_of_setting_class(std::string_view class_name) {
  for (const IntegrationComponent* component : integration_components)
    if (equals_no_case(component->setting_class_name, class_name)) return component;
  return nullptr;
}

bool component_enabled(const Environment& environment, const VirtualMachine& machine,
                       const IntegrationComponent& component) {
  if (&component == &guest_service_interface && !(machine.settings.*component.enabled))
    return environment.configuration.guest_service_interface;
  return is_on(machine.settings, component.enabled);
}

std::string device_id(const IntegrationComponent& component) {
  return fmt::format("{}{}", instance_id_prefix, component.id);
}

bool is_setting_of(const IntegrationComponent& component, std::string_view instance_id) {
  const std::string_view machine = machine_of_instance_id(instance_id);
  return !machine.empty() && equals_no_case(instance_id, setting_instance_id(machine, component.id));
}

std::string setting_instance_id(std::string_view machine_id, std::string_view component_id) {
  return fmt::format("{}{}\\{}", instance_id_prefix, machine_id, component_id);
}

std::string_view machine_of_instance_id(std::string_view instance_id) {
  if (instance_id.size() < instance_id_prefix.size() + guid_length ||
      !equals_no_case(instance_id.substr(0, instance_id_prefix.size()), instance_id_prefix))
    return {};
  const std::string_view id = instance_id.substr(instance_id_prefix.size(), guid_length);
  const std::string_view rest = instance_id.substr(instance_id_prefix.size() + guid_length);
  return is_guid(id) && (rest.empty() || rest.front() == '\\') ? id : std::string_view{};
}

std::string machine_of(const cim::ObjectPath& path) {
  if (const auto system = path.value("SystemName"); !system.empty()) return to_upper(system);
  if (equals_no_case(path.class_name, computer_system_class)) return to_upper(path.value("Name"));
  return to_upper(machine_of_instance_id(path.value("InstanceID")));
}

void for_each_machine(const Environment& environment, const std::optional<std::string>& id, std::string_view from,
                      const std::function<bool(const VirtualMachinePtr&)>& visit, std::size_t expected) {
  if (id) {
    const auto machine = environment.host.machines().find(*id);
    if (machine && machine->id >= from) visit(machine);
    return;
  }
  std::string after;
  if (!from.empty()) {
    if (const auto first = environment.host.machines().find(from); first && !visit(first)) return;
    after = from;
  }
  for (;;) {
    const auto machines = environment.host.machines().list(after, expected);
    for (const auto& machine : machines)
      if (!visit(machine)) return;
    if (machines.size() < expected) return;
    after = machines.back()->id;
  }
}

guest::Clock::time_point guest_deadline(const cim::Context& context) {
  if (context.deadline == cim::Context::Clock::time_point::max()) return guest::Clock::now() + std::chrono::seconds(60);
  const auto now = guest::Clock::now();
  const auto left = context.deadline - now;
  // A tenth of what is left, at most a quarter of a second, for the answer's way back.
  return context.deadline - std::min<guest::Clock::duration>(left / 10, std::chrono::milliseconds(250));
}

namespace {

cim::ObjectPath path_of(std::string_view class_name, std::vector<cim::KeyBinding> keys) {
  cim::ObjectPath path;
  path.class_name = class_name;
  path.keys = std::move(keys);
  return path;
}

}  // namespace

cim::ObjectPath computer_system_path(std::string_view machine_id) {
  return path_of(computer_system_class, {{"CreationClassName", std::string(computer_system_class), {}},
                                         {"Name", std::string(machine_id), {}}});
}

cim::ObjectPath settings_path(std::string_view machine_id) {
  return path_of("Msvm_VirtualSystemSettingData", {{"InstanceID", fmt::format("Microsoft:{}", machine_id), {}}});
}

cim::ObjectPath component_path(std::string_view machine_id, const IntegrationComponent& component) {
  return path_of(component.class_name, {{"CreationClassName", std::string(component.class_name), {}},
                                        {"DeviceID", device_id(component), {}},
                                        {"SystemCreationClassName", std::string(computer_system_class), {}},
                                        {"SystemName", std::string(machine_id), {}}});
}

cim::ObjectPath component_setting_path(std::string_view machine_id, const IntegrationComponent& component) {
  return path_of(component.setting_class_name, {{"InstanceID", setting_instance_id(machine_id, component.id), {}}});
}

cim::ObjectPath job_path(const cim::job::Job& job) {
  return path_of(job.class_name.empty() ? "Msvm_ConcreteJob" : job.class_name, {{"InstanceID", job.id, {}}});
}

}  // namespace vmms::providers
