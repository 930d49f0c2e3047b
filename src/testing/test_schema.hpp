// Classes for tests, as constants, the way cimgen writes them.
#pragma once

#include "cim/class.hpp"

#include <cstdint>

namespace vmms::wire::testing {

using cim::Type;

// The properties that a Windows 11 host was recorded to send, and the arrays that it left out as NULL.
inline constexpr cim::Property computer_system_properties[] = {
    {.name = "AvailableRequestedStates", .type = Type::uint16, .is_array = true},
    {.name = "Caption", .type = Type::string},
    {.name = "CommunicationStatus", .type = Type::uint16},
    {.name = "CreationClassName", .type = Type::string, .is_key = true},
    {.name = "Dedicated", .type = Type::uint16, .is_array = true},
    {.name = "Description", .type = Type::string},
    {.name = "DetailedStatus", .type = Type::uint16},
    {.name = "ElementName", .type = Type::string},
    {.name = "EnabledDefault", .type = Type::uint16},
    {.name = "EnabledState", .type = Type::uint16},
    {.name = "EnhancedSessionModeState", .type = Type::uint16},
    {.name = "FailedOverReplicationType", .type = Type::uint16},
    {.name = "HealthState", .type = Type::uint16},
    {.name = "HwThreadsPerCoreRealized", .type = Type::uint32},
    {.name = "IdentifyingDescriptions", .type = Type::string, .is_array = true},
    {.name = "InstallDate", .type = Type::datetime},
    {.name = "InstanceID", .type = Type::string},
    {.name = "LastApplicationConsistentReplicationTime", .type = Type::datetime},
    {.name = "LastReplicationTime", .type = Type::datetime},
    {.name = "LastReplicationType", .type = Type::uint16},
    {.name = "LastSuccessfulBackupTime", .type = Type::datetime},
    {.name = "ManagementVtlImageFileName", .type = Type::string},
    {.name = "ManagementVtlImageVersion", .type = Type::string},
    {.name = "Name", .type = Type::string, .is_key = true},
    {.name = "NameFormat", .type = Type::string},
    {.name = "NumberOfNumaNodes", .type = Type::uint16},
    {.name = "OnTimeInMilliseconds", .type = Type::uint64},
    {.name = "OperatingStatus", .type = Type::uint16},
    {.name = "OperationalStatus", .type = Type::uint16, .is_array = true},
    {.name = "OtherDedicatedDescriptions", .type = Type::string, .is_array = true},
    {.name = "OtherEnabledState", .type = Type::string},
    {.name = "OtherIdentifyingInfo", .type = Type::string, .is_array = true},
    {.name = "PowerManagementCapabilities", .type = Type::uint16, .is_array = true},
    {.name = "PrimaryOwnerContact", .type = Type::string},
    {.name = "PrimaryOwnerName", .type = Type::string},
    {.name = "PrimaryStatus", .type = Type::uint16},
    {.name = "ProcessID", .type = Type::uint32},
    {.name = "ReplicationHealth", .type = Type::uint16},
    {.name = "ReplicationMode", .type = Type::uint16},
    {.name = "ReplicationState", .type = Type::uint16},
    {.name = "RequestedState", .type = Type::uint16},
    {.name = "ResetCapability", .type = Type::uint16},
    {.name = "Roles", .type = Type::string, .is_array = true},
    {.name = "Status", .type = Type::string},
    {.name = "StatusDescriptions", .type = Type::string, .is_array = true},
    {.name = "TimeOfLastConfigurationChange", .type = Type::datetime},
    {.name = "TimeOfLastStateChange", .type = Type::datetime},
    {.name = "TransitioningToState", .type = Type::uint16},
};
inline constexpr std::uint16_t computer_system_keys[] = {3, 23};
inline constexpr cim::Parameter request_state_change_parameters[] = {
    {.name = "RequestedState", .type = Type::uint16, .is_in = true},
    {.name = "Job", .type = Type::reference, .is_out = true, .object_class = "CIM_ConcreteJob"},
    {.name = "TimeoutPeriod", .type = Type::datetime, .is_in = true},
};
inline constexpr cim::Method computer_system_methods[] = {
    {.name = "RequestStateChange", .parameters = request_state_change_parameters, .implemented = true, .waits = true},
};
inline constexpr cim::Class computer_system{.name = "Msvm_ComputerSystem",
                                            .properties = computer_system_properties,
                                            .keys = computer_system_keys,
                                            .methods = computer_system_methods,
                                            .has_provider = true};

inline constexpr cim::Property affected_job_element_properties[] = {
    {.name = "AffectedElement", .type = Type::reference, .is_key = true, .object_class = "Test_SettingData"},
    {.name = "AffectingElement", .type = Type::reference, .is_key = true, .object_class = "Msvm_ComputerSystem"},
    {.name = "ElementEffects", .type = Type::uint16, .is_array = true},
    {.name = "OtherElementEffectsDescriptions", .type = Type::string, .is_array = true},
};
inline constexpr std::uint16_t affected_job_element_keys[] = {0, 1};
inline constexpr cim::Class affected_job_element{.name = "Msvm_AffectedJobElement",
                                                 .properties = affected_job_element_properties,
                                                 .keys = affected_job_element_keys,
                                                 .methods = {},
                                                 .is_association = true};

// An abstract base, a subclass that waits on guests, and a singleton that answers from memory.
inline constexpr cim::Property service_properties[] = {
    {.name = "CreationClassName", .is_key = true}, {.name = "Name", .is_key = true},
    {.name = "Started", .type = Type::boolean},    {.name = "SystemCreationClassName", .is_key = true},
    {.name = "SystemName", .is_key = true},
};
inline constexpr std::uint16_t service_keys[] = {0, 1, 3, 4};
inline constexpr cim::Method service_methods[] = {
    {.name = "StartService", .parameters = {}, .implemented = true, .waits = true},
    {.name = "StopService", .parameters = {}, .not_supported = 1},
};
inline constexpr cim::Class service{.name = "CIM_Service",
                                    .properties = service_properties,
                                    .keys = service_keys,
                                    .methods = service_methods,
                                    .is_abstract = true};
inline constexpr cim::Class guest_service{.name = "Msvm_GuestService",
                                          .superclass = &service,
                                          .properties = service_properties,
                                          .keys = service_keys,
                                          .methods = service_methods,
                                          .has_provider = true,
                                          .waits = true};

inline constexpr cim::Parameter echo_parameters[] = {
    {.name = "Settings", .type = Type::instance, .is_array = true, .is_in = true, .is_out = true},
    {.name = "System", .type = Type::reference, .is_in = true, .is_out = true},
    {.name = "When", .type = Type::datetime, .is_in = true, .is_out = true},
    {.name = "Count", .type = Type::uint32, .is_in = true, .is_out = true},
    {.name = "Numbers", .type = Type::uint16, .is_array = true, .is_in = true, .is_out = true},
    {.name = "Force", .type = Type::boolean, .is_in = true, .is_out = true},
    {.name = "Text", .type = Type::string, .is_in = true, .is_out = true},
    {.name = "Job", .type = Type::reference, .is_out = true},
};
inline constexpr cim::Method management_methods[] = {
    {.name = "Echo", .parameters = echo_parameters, .implemented = true},
    {.name = "StartService", .parameters = {}, .implemented = true},
};
inline constexpr cim::Class management_service{.name = "Msvm_VirtualSystemManagementService",
                                               .superclass = &service,
                                               .properties = service_properties,
                                               .keys = service_keys,
                                               .methods = management_methods,
                                               .has_provider = true,
                                               .is_singleton = true};

inline constexpr cim::Property setting_properties[] = {
    {.name = "Created", .type = Type::datetime, .is_writable = true},
    {.name = "EnabledState", .type = Type::uint16, .is_writable = true},
    {.name = "Inner", .type = Type::instance, .is_writable = true, .object_class = "Test_SettingData"},
    {.name = "InstanceID", .is_key = true},
    {.name = "Names", .is_array = true, .is_writable = true},
    {.name = "Owner", .type = Type::reference, .is_writable = true, .object_class = "Msvm_ComputerSystem"},
    {.name = "Ratio", .type = Type::real64, .is_writable = true},
    {.name = "Shared", .type = Type::boolean, .is_writable = true},
    {.name = "Temperature", .type = Type::sint32, .is_writable = true},
    {.name = "Timeout", .type = Type::datetime, .is_writable = true},
};
inline constexpr std::uint16_t setting_keys[] = {3};
inline constexpr cim::Class setting_data{.name = "Test_SettingData",
                                         .properties = setting_properties,
                                         .keys = setting_keys,
                                         .methods = {},
                                         .has_provider = true};

// A subclass with its own property.
inline constexpr cim::Property wide_setting_properties[] = {
    {.name = "Created", .type = Type::datetime},
    {.name = "EnabledState", .type = Type::uint16, .is_writable = true},
    {.name = "Inner", .type = Type::instance, .object_class = "Test_SettingData"},
    {.name = "InstanceID", .is_key = true, .declared_in = "Test_SettingData"},
    {.name = "Names", .is_array = true},
    {.name = "Owner", .type = Type::reference, .object_class = "Msvm_ComputerSystem"},
    {.name = "Ratio", .type = Type::real64},
    {.name = "Shared", .type = Type::boolean},
    {.name = "Temperature", .type = Type::sint32},
    {.name = "Timeout", .type = Type::datetime},
    {.name = "Width", .type = Type::uint32, .declared_in = "Test_WideSettingData"},
};
inline constexpr cim::Class wide_setting_data{.name = "Test_WideSettingData",
                                              .superclass = &setting_data,
                                              .properties = wide_setting_properties,
                                              .keys = setting_keys,
                                              .methods = {},
                                              .has_provider = true};

inline constexpr const cim::Class* classes[] = {&service,          &affected_job_element, &computer_system,
                                                &guest_service,    &management_service,   &setting_data,
                                                &wide_setting_data};
inline constexpr cim::Schema schema{.namespace_name = "root/virtualization/v2", .classes = classes};

}  // namespace vmms::wire::testing
