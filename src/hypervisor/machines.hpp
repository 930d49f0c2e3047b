// Facet of a host: its virtual machines, their records, power and settings.
#pragma once

#include "base/result.hpp"
#include "hypervisor/settings.hpp"
#include "hypervisor/system_time.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::hypervisor {

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

/// What pressing the power button asks a guest for.
enum class PowerRequest : std::uint8_t { shut_down, reboot };

class VirtualMachines {
 public:
  virtual ~VirtualMachines() = default;

  /// From the index, never from the hypervisor: returns at once. `id` is compared without case.
  virtual VirtualMachinePtr find(std::string_view id) const = 0;
  /// VMs in ascending order of id, those after `after` (exclusive; empty: from the first), at most `limit`.
  virtual std::vector<VirtualMachinePtr> list(std::string_view after, std::size_t limit) const = 0;

  /// These wait for the hypervisor. `start` also resumes a paused VM and restores a saved one; `turn_off` is the power
  /// switch. Errors: not_found, invalid_state (is in that state already, or in a transition), failed, unreachable.
  virtual Status start(std::string_view id) = 0;
  virtual Status turn_off(std::string_view id) = 0;
  /// The VM's processors stop; its memory stays. The VM is saved: its memory goes to disk and it stops.
  virtual Status pause(std::string_view id) = 0;
  virtual Status save(std::string_view id) = 0;

  /// Presses the reset button of a running VM: its guest begins again without being asked. Errors: as above.
  virtual Status reset(std::string_view id) = 0;

  /// Presses the power button (ACPI): the guest is asked to shut down, or to restart, and may ignore it. Returns
  /// when it was asked. Errors: as above.
  virtual Status request_power(std::string_view id, PowerRequest request) = 0;

  /// Writes the settings (persistently, and into the live copy) and replaces the record before it returns.
  virtual Status change_settings(std::string_view id, const std::function<void(Settings&)>& change) = 0;

  /// Called after a record was replaced, on a thread of the host's; `after` is null when the VM is gone.
  using Listener = std::function<void(const VirtualMachinePtr& before, const VirtualMachinePtr& after)>;
  virtual void listen(Listener listener) = 0;
};

}  // namespace vmms::hypervisor
