// Finding VMs for requests, and the identifiers that Hyper-V gives to what belongs to one.
#pragma once

#include "cim/provider.hpp"
#include "providers/environment.hpp"

#include <fmt/format.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::providers {

inline constexpr std::string_view computer_system_class = "Msvm_ComputerSystem";
/// The component GUID of the Guest Service Interface, the same on every host.
inline constexpr std::string_view guest_service_interface_id = "6C09BB55-D683-4DA0-8931-C9BF705F6480";

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
/// The id of the VM that a path is about: by SystemName, by the Name of a computer system, by InstanceID; else empty.
std::string machine_of(const cim::ObjectPath& path);
/// Whether an InstanceID names the Guest Service Interface's setting data.
bool is_interface_setting(std::string_view instance_id);

/// Calls `visit` for each VM of the query in ascending order of id, one VM only when `id` is given, those from `from`
/// (inclusive) on otherwise, until it returns false.
void for_each_machine(const Environment& environment, const std::optional<std::string>& id, std::string_view from,
                      const std::function<bool(const hypervisor::VirtualMachinePtr&)>& visit);

/// The deadline for work in a guest: a little before the caller's, so that the answer can still say what happened.
guest::Clock::time_point guest_deadline(const cim::Context& context);

cim::ObjectPath computer_system_path(std::string_view machine_id);
/// The path of a machine's Msvm_VirtualSystemSettingData.
cim::ObjectPath settings_path(std::string_view machine_id);
/// The paths of a machine's Guest Service Interface and of its settings.
cim::ObjectPath interface_path(std::string_view machine_id);
cim::ObjectPath interface_setting_path(std::string_view machine_id);
cim::ObjectPath job_path(const cim::job::Job& job);

}  // namespace vmms::providers
