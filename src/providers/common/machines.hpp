// Finding VMs for requests, and the identifiers that Hyper-V gives to what belongs to one.
#pragma once

#include "cim/provider.hpp"
#include "providers/common/environment.hpp"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::providers {

inline constexpr std::string_view computer_system_class = "Msvm_ComputerSystem";

/// An integration component: something that the host offers each guest. Every VM has a device of the first class while
/// it is on, and always a setting of the second.
struct IntegrationComponent {
  std::string_view class_name;
  std::string_view setting_class_name;
  std::string_view id;  ///< upper-case GUID, the same on every host
  std::optional<bool> hypervisor::Settings::*enabled;
};

inline constexpr IntegrationComponent guest_service_interface{
    "Msvm_GuestServiceInterfaceComponent", "Msvm_GuestServiceInterfaceComponentSettingData",
    "6C09BB55-D683-4DA0-8931-C9BF705F6480", &hypervisor::Settings::guest_service_interface};
inline constexpr IntegrationComponent heartbeat{"Msvm_HeartbeatComponent", "Msvm_HeartbeatComponentSettingData",
                                                "84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47",
                                                &hypervisor::Settings::heartbeat};
inline constexpr IntegrationComponent key_value_exchange{
    "Msvm_KvpExchangeComponent", "Msvm_KvpExchangeComponentSettingData", "2A34B1C2-FD73-4043-8A5B-DD2159BC743F",
    &hypervisor::Settings::key_value_exchange};
inline constexpr IntegrationComponent shutdown_component{"Msvm_ShutdownComponent", "Msvm_ShutdownComponentSettingData",
                                                         "9F8233AC-BE49-4C79-8EE3-E7E1985B2077",
                                                         &hypervisor::Settings::shutdown};
inline constexpr IntegrationComponent time_synchronization{
    "Msvm_TimeSyncComponent", "Msvm_TimeSyncComponentSettingData", "2497F4DE-E9FA-4204-80E4-4B75C46419C0",
    &hypervisor::Settings::time_synchronization};
inline constexpr IntegrationComponent volume_backup{"Msvm_VssComponent", "Msvm_VssComponentSettingData",
                                                    "5CED1297-4598-4915-A5FC-AD21BB4D02A4",
                                                    &hypervisor::Settings::volume_backup};
inline constexpr std::array<const IntegrationComponent*, 6> integration_components{
    &guest_service_interface, &heartbeat,    &key_value_exchange, &shutdown_component,
    &time_synchronization,    &volume_backup};
inline constexpr std::string_view guest_service_interface_id = guest_service_interface.id;

/// By the name of its class, or of its setting's; without case. nullptr: there is none.
const IntegrationComponent* component_of_class(std::string_view class_name);
const IntegrationComponent* component_of_setting_class(std::string_view class_name);
/// All are on unless they were turned off, except the Guest Service Interface, whose default is configured.
bool component_enabled(const Environment& environment, const hypervisor::VirtualMachine& machine,
                       const IntegrationComponent& component);
std::string device_id(const IntegrationComponent& component);
cim::ObjectPath component_path(std::string_view machine_id, const IntegrationComponent& component);
cim::ObjectPath component_setting_path(std::string_view machine_id, const IntegrationComponent& component);
/// Whether an InstanceID names this component's setting of some VM.
bool is_setting_of(const IntegrationComponent& component, std::string_view instance_id);

/// How a command in an advice names the VM.
std::string command_word(const hypervisor::VirtualMachine& machine);

/// Errors: not_found.
Result<hypervisor::VirtualMachinePtr> find_machine(const Environment& environment, std::string_view id);

/// A VM whose guest may be reached: it runs or is paused. Errors: not_found, also for a VM that is off or saved, since
/// the instances of its devices and guest services do not exist then; the text says which.
Result<hypervisor::VirtualMachinePtr> find_active_machine(const Environment& environment, std::string_view id);

bool is_active(const hypervisor::VirtualMachine& machine);
bool interface_enabled(const Environment& environment, const hypervisor::VirtualMachine& machine);

/// `Microsoft:<VM id>\<component id>`, the InstanceID of a component's setting data.
std::string setting_instance_id(std::string_view machine_id, std::string_view component_id);
/// The VM id of an InstanceID `Microsoft:<VM id>` or `Microsoft:<VM id>\…`; empty when it has another form.
std::string_view machine_of_instance_id(std::string_view instance_id);
/// The id of the VM that a path refers to: by SystemName, by the Name of a computer system, by InstanceID; else empty.
std::string machine_of(const cim::ObjectPath& path);

/// Calls `visit` for each VM of the query in ascending order of id, one VM only when `id` is given, those from `from`
/// (inclusive) on otherwise, until it returns false. `expected`: how many are fetched from the host at once.
void for_each_machine(const Environment& environment, const std::optional<std::string>& id, std::string_view from,
                      const std::function<bool(const hypervisor::VirtualMachinePtr&)>& visit,
                      std::size_t expected = 256);

/// The deadline for work in a guest: a little before the caller's, so that the answer can still report what happened.
guest::Clock::time_point guest_deadline(const cim::Context& context);

cim::ObjectPath computer_system_path(std::string_view machine_id);
/// The path of a machine's Msvm_VirtualSystemSettingData.
cim::ObjectPath settings_path(std::string_view machine_id);
cim::ObjectPath job_path(const cim::job::Job& job);

}  // namespace vmms::providers
