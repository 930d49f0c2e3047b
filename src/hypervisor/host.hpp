// What a provider may ask of a host of virtual machines. libvirt/ and simulator/ implement it.
#pragma once

#include "base/result.hpp"
#include "guest/transport/transport.hpp"
#include "hypervisor/settings.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::hypervisor {

using SystemTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

enum class PowerState : std::uint8_t { off, running, paused, saved, starting, stopping };

/// What people decide about a VM.
struct Configuration {
  std::string name;  ///< what people call it: libvirt's domain name
  std::string description;
  std::uint32_t processors = 1;
  std::uint64_t memory_bytes = 0;
  bool agent_channel = false;  ///< it has a channel for a guest agent
  Settings settings;

  friend bool operator==(const Configuration&, const Configuration&) = default;
};

/// Everything known of one VM, immutable: a change replaces the record.
struct VirtualMachine : Configuration {
  std::string id;  ///< upper-case GUID, "A1576C71-F505-4D1B-9B78-2CFD971B0F31"
  PowerState power = PowerState::off;
  bool persistent = true;
  std::optional<std::uint32_t> process_id;  ///< of the hypervisor process, while neither off nor saved; never 0
  std::optional<SystemTime> created;        ///< when it was defined, as far as it is known
  std::optional<SystemTime> state_changed;  ///< the last power state change seen
  std::optional<SystemTime> configuration_changed;
  std::optional<SystemTime> started;           ///< start of the present run
  bool agent_connected = false;                ///< an agent holds the other end of the channel
  std::optional<std::uint32_t> vsock_context;  ///< the context id of its vsock device, when it has one and runs

  friend bool operator==(const VirtualMachine&, const VirtualMachine&) = default;
};
using VirtualMachinePtr = std::shared_ptr<const VirtualMachine>;

struct HostInformation {
  std::string name;        ///< short host name
  std::string hypervisor;  ///< "QEMU 7.2.17 (libvirt 9.0.0, qemu:///embed…)"
  std::uint32_t processors = 0;
  std::uint32_t numa_nodes = 1;
  std::uint64_t memory_bytes = 0;

  // The machine as its firmware describes it, and what runs on it. Empty or 0 where nobody says.
  std::string uuid;  ///< upper-case GUID, as SMBIOS 2.6 and Windows spell it
  std::string manufacturer;
  std::string model;
  std::string serial_number;
  std::string machine_version;
  std::string processor_model;
  std::uint32_t processor_megahertz = 0;
  std::uint32_t sockets = 1;
  std::uint32_t cores = 1;               ///< of a socket
  std::uint32_t threads = 1;             ///< of a core
  std::string architecture;              ///< "x86_64"
  std::string operating_system;          ///< "Debian GNU/Linux 12 (bookworm)"
  std::string operating_system_version;  ///< of its kernel, "6.1.0"
  std::optional<SystemTime> booted;

  bool this_machine = false;  ///< it is the machine that this process runs on
  bool vsock = false;         ///< guests may be reached through vsock: the host has vhost-vsock
};

using HostInformationPtr = std::shared_ptr<const HostInformation>;

class Host {
 public:
  virtual ~Host() = default;

  /// As it is known now; immutable, a change replaces the record.
  virtual HostInformationPtr information() const = 0;

  /// Memory that is free now; nullopt when the hypervisor does not say. May wait for it.
  virtual std::optional<std::uint64_t> free_memory_bytes() const = 0;

  /// From the index, never from the hypervisor: returns at once. `id` is compared without case.
  virtual VirtualMachinePtr find(std::string_view id) const = 0;
  /// VMs in ascending order of id, those after `after` (exclusive; empty: from the first), at most `limit`.
  virtual std::vector<VirtualMachinePtr> list(std::string_view after, std::size_t limit) const = 0;

  /// Why the list may be incomplete or old: the connection to the hypervisor is lost. Nothing when all is well.
  virtual Status health() const = 0;

  /// These wait for the hypervisor. `start` also resumes a paused VM and restores a saved one; `turn_off` is the power
  /// switch. Errors: not_found, invalid_state (is in that state already, or in a transition), failed, unreachable.
  virtual Status start(std::string_view id) = 0;
  virtual Status turn_off(std::string_view id) = 0;
  /// The VM's processors stop; its memory stays. The VM is saved: its memory goes to disk and it stops.
  virtual Status pause(std::string_view id) = 0;
  virtual Status save(std::string_view id) = 0;

  /// Presses the reset button of a running VM: its guest begins again without being asked. Errors: as above.
  virtual Status reset(std::string_view id) = 0;

  /// Presses the power button (ACPI): the guest is asked to shut down, or to start anew, and may ignore it. Returns
  /// when it was asked. Errors: as above.
  enum class PowerRequest : std::uint8_t { shut_down, reboot };
  virtual Status request_power(std::string_view id, PowerRequest request) = 0;

  /// Presses keys of a running VM's keyboard together, at most 16, and releases them: returns at once, each is down and
  /// then up for `hold`. A key is its scancode of set 1, and 0x80 more where that has the prefix 0xE0. Errors: as
  /// above.
  virtual Status press_keys(std::string_view id, const std::vector<std::uint8_t>& keys,
                            std::chrono::milliseconds hold) = 0;

  /// Writes the settings (persistently, and into the live copy) and replaces the record before it returns.
  virtual Status change_settings(std::string_view id, const std::function<void(Settings&)>& change) = 0;

  /// The way to the agent of a VM; nullptr when there is no such VM. The object stays the same while the VM exists.
  virtual std::shared_ptr<guest::Transport> guest(std::string_view id) = 0;

  /// Called after a record was replaced, on a thread of the host's; `after` is null when the VM is gone.
  using Listener = std::function<void(const VirtualMachinePtr& before, const VirtualMachinePtr& after)>;
  virtual void listen(Listener listener) = 0;
};

}  // namespace vmms::hypervisor
