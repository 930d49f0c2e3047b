// A simulated fleet as its file describes it. Many VMs share one description.
#pragma once

#include "base/result.hpp"
#include "guest/system/key_values.hpp"
#include "hypervisor/machine.hpp"
#include "hypervisor/machines.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::hypervisor::simulator {

using std::chrono::milliseconds;

enum class StartBehaviour : std::uint8_t { ok, fail, dies, hang, condition, assertion };

struct ServiceDescription {
  std::string name;  ///< full unit name; a template's ends in "@.service"
  std::string description;
  std::string type = "simple";
  std::string unit_file_state = "disabled";
  std::string active_state = "inactive";  ///< when the VM starts: active, inactive, failed
  StartBehaviour start = StartBehaviour::ok;
  milliseconds start_time{0};
  milliseconds stop_time{0};
  std::uint32_t exit_status = 1;  ///< of the main process, when it fails or dies
  bool remain_after_exit = false;
  bool ignores_stop = false;  ///< it is killed after stop_time
  bool masked = false;
  std::vector<std::string> log;
  std::vector<std::string> aliases;
};

enum class AgentState : std::uint8_t { none, connected, silent };
enum class ManagerState : std::uint8_t { systemd, none, starting, openrc, sysvinit, windows };

struct GuestDescription {
  AgentState agent = AgentState::connected;
  ManagerState manager = ManagerState::systemd;
  std::optional<milliseconds> manager_ready;  ///< after the VM's start; nothing: `starting` lasts for ever
  milliseconds boot_time{0};                  ///< from the VM's start until the agent connects
  milliseconds latency{0};                    ///< of each agent command
  bool frozen = false;
  std::vector<std::string> forbids;  ///< commands of the agent
  std::string os_id = "debian";
  std::string os_name = "Debian GNU/Linux 12 (bookworm)";
  std::string os_version = "12";
  std::string kernel_release = "6.1.0-amd64";
  std::string machine = "x86_64";
  std::string host_name;               ///< empty: the VM's name
  std::vector<std::string> addresses;  ///< of its one network adapter
  milliseconds clock_offset{0};        ///< how far its clock is ahead when the VM starts
  guest::KeyValues key_values;         ///< what its programs publish to the host
  std::vector<ServiceDescription> services;
};

struct MachineDescription {
  std::string description;
  PowerState power = PowerState::off;
  std::uint32_t processors = 1;
  std::uint64_t memory_bytes = std::uint64_t{1} << 30;
  std::optional<std::uint32_t> vsock_context;
  Settings settings;
  bool start_fails = false;
  bool turn_off_fails = false;
  std::shared_ptr<const GuestDescription> guest;  ///< null: no channel for an agent
};

struct NamedMachine {
  std::string name;
  std::string id;  ///< upper-case GUID
  std::shared_ptr<const MachineDescription> description;
};

struct FleetDescription {
  HostInformation host;
  bool connection_lost = false;  ///< to the hypervisor: the state of the machines is unknown
  std::vector<NamedMachine> machines;
};

/// Errors (not_found, invalid_argument) have the form `file:line:column: what is wrong and what would be right`.
Result<FleetDescription> read_description(const std::filesystem::path& file);
/// The same from memory; `file` is what errors name.
Result<FleetDescription> parse_description(std::string_view toml, std::string_view file);

}  // namespace vmms::hypervisor::simulator
