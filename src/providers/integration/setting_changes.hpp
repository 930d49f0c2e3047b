// Changes of a virtual machine's settings, requested in either way: through methods of the management service, or by
// modifying, creating and deleting the settings' own instances.
#pragma once

#include "providers/common/machines.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace vmms::providers {

/// One change, checked and ready to be made.
struct SettingChange {
  hypervisor::VirtualMachinePtr machine;
  std::function<void(hypervisor::Settings&)> change;
  cim::ObjectPath path;  ///< of the instance that is changed
};

/// The change that an instance of setting data asks for; properties that are NULL stay. Errors: invalid_argument,
/// not_found, not_supported (a class whose settings cannot be changed).
Result<SettingChange> check_modification(const Environment& environment, const cim::Instance& settings);

/// A new communication service of a VM. Its InstanceID names the VM (`Microsoft:<VM id>` with or without more) unless
/// `machine_id` does; its Name is the GUID of the service. Errors: as above, already_exists.
Result<SettingChange> check_addition(const Environment& environment, const cim::Instance& settings,
                                     std::string_view machine_id = {});

/// Errors: not_found, not_supported.
Result<SettingChange> check_removal(const Environment& environment, const cim::ObjectPath& path);

Status apply(const Environment& environment, const SettingChange& change);

/// `Microsoft:<VM id>\<interface id>\<service id>`.
std::string communication_setting_id(std::string_view machine_id, std::string_view service_id);
/// The last part of such an InstanceID; empty when it has another form.
std::string_view service_of_communication_setting(std::string_view instance_id);
cim::ObjectPath communication_setting_path(std::string_view machine_id, std::string_view service_id);
const hypervisor::Settings::CommunicationService* find_communication_service(const hypervisor::VirtualMachine& machine,
                                                                             std::string_view service_id);

}  // namespace vmms::providers
