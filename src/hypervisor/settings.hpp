// What an administrator set on a virtual machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vmms::hypervisor {

/// What an administrator set on a VM. Lives in the domain's <metadata> under the project's own XML namespace; nullopt
/// means "never set", so the default applies.
struct Settings {
  std::optional<bool> guest_service_interface;   ///< Guest Service Interface enabled
  std::optional<bool> guest_file_service;        ///< Msvm_GuestFileService started
  std::optional<bool> vss_service;               ///< Msvm_VssService started
  std::optional<bool> key_value_exchange;        ///< Key-Value Pair Exchange enabled
  std::optional<bool> host_key_values_disabled;  ///< the guest gets nothing about the host
  std::optional<bool> heartbeat;                 ///< Heartbeat enabled
  std::optional<bool> shutdown;                  ///< Shutdown enabled
  std::optional<bool> time_synchronization;      ///< Time Synchronization enabled
  std::optional<bool> volume_backup;             ///< Msvm_VssComponent enabled
  /// Set before the file systems of the guest are frozen, and removed once they are thawed: a process that finds it
  /// without having frozen them itself thaws them.
  std::optional<bool> file_systems_frozen;

  /// A named value that the host gives the guest, or keeps with the VM for itself.
  struct KeyValue {
    std::string name;
    std::string value;
    bool host_only = false;  ///< the guest does not see it
    friend bool operator==(const KeyValue&, const KeyValue&) = default;
  };
  std::vector<KeyValue> host_key_values;  ///< ascending by name; names differ without case

  /// Whether a program of the guest may be reached through sockets of the hypervisor.
  struct CommunicationService {
    enum class Policy : std::uint16_t { enabled = 2, disabled = 3, deferred = 8 };  ///< as EnabledStatePolicy has it
    std::string id;                                                                 ///< upper-case GUID
    Policy policy = Policy::enabled;
    friend bool operator==(const CommunicationService&, const CommunicationService&) = default;
  };
  std::vector<CommunicationService> communication_services;  ///< ascending by id

  friend bool operator==(const Settings&, const Settings&) = default;
};

/// A setting that is yes or no, and its name in each place.
struct Switch {
  std::optional<bool> Settings::*value;
  const char* name;       ///< in the description of a simulated fleet; null: it cannot be set there
  const char* element;    ///< below our element in a domain's <metadata>
  const char* attribute;  ///< of that, "yes" or "no"
  bool otherwise;         ///< when it was never set
};

inline constexpr Switch switches[] = {
    // Its default is the daemon's configuration.
    {&Settings::guest_service_interface, "guest_service_interface", "guestServiceInterface", "enabled", false},
    {&Settings::guest_file_service, "guest_file_service", "guestFileService", "started", true},
    {&Settings::vss_service, "vss_service", "vssService", "started", true},
    {&Settings::key_value_exchange, "key_value_exchange", "keyValueExchange", "enabled", true},
    {&Settings::host_key_values_disabled, "host_key_values_disabled", "hostKeyValues", "disabled", false},
    {&Settings::heartbeat, "heartbeat", "heartbeat", "enabled", true},
    {&Settings::shutdown, "shutdown", "shutdown", "enabled", true},
    {&Settings::time_synchronization, "time_synchronization", "timeSynchronization", "enabled", true},
    {&Settings::volume_backup, "volume_backup", "volumeBackup", "enabled", true},
    {&Settings::file_systems_frozen, nullptr, "fileSystems", "frozen", false},
};

/// What was set, or the default when it was never set.
constexpr bool is_on(const Settings& settings, std::optional<bool> Settings::*value) {
  if (settings.*value) return *(settings.*value);
  for (const Switch& known : switches)
    if (known.value == value) return known.otherwise;
  return false;
}

}  // namespace vmms::hypervisor
