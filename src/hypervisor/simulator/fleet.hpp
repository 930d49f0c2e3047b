// The virtual machines of a simulated host: what its facets and the tests do to them comes together here.
#pragma once

#include "base/result.hpp"
#include "base/thread.hpp"
#include "hypervisor/simulator/description.hpp"
#include "hypervisor/simulator/guest.hpp"
#include "hypervisor/vm_index.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace vmms::hypervisor::simulator {

/// Thread-safe, but for what is called under its lock. `id` is compared without case everywhere.
class Fleet {
 public:
  /// What belongs to one VM besides its record.
  struct Machine {
    std::shared_ptr<const MachineDescription> description;
    std::shared_ptr<SimulatedGuest> guest;       ///< once somebody asked for it
    std::deque<std::vector<std::uint8_t>> keys;  ///< that were pressed last
    std::uint64_t runs = 0;                      ///< starts of the VM: an agent connects in the run that it belongs to
  };
  struct KnownMachine {
    VirtualMachinePtr record;
    Machine* machine;
  };

  explicit Fleet(FleetDescription description);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  const HostInformationPtr& information() const { return information_; }
  VmIndex& index() { return index_; }

  Status health() const;
  void set_health(Status health);
  /// Null when there is no such VM.
  std::shared_ptr<SimulatedGuest> guest(std::string_view id);
  void set_agent(std::string_view id, AgentState agent);
  void set_power(std::string_view id, PowerState power);
  void remove(std::string_view id);
  /// The power button, and what a guest does that shuts itself down. Errors: those of `running`.
  Status request_power(std::string_view id, PowerRequest request);

  [[nodiscard]] std::unique_lock<std::mutex> lock() const { return std::unique_lock(mutex_); }
  // What follows is called under the lock.

  /// Null when there is no such VM.
  Machine* machine(std::string_view id);
  /// Errors: not_found.
  Result<KnownMachine> known(std::string_view id);
  /// Errors: not_found; invalid_state: it does not run.
  Result<KnownMachine> running(std::string_view id);
  /// Makes the VM's power state this one, with all that follows from it. `id` is a record's.
  void enter(const std::string& id, Machine& machine, PowerState power);

 private:
  std::shared_ptr<SimulatedGuest> guest_of(const std::string& id, Machine& machine);
  void enter_agent(const std::string& id, Machine& machine, AgentState agent);
  void reboot(const std::string& id, Machine& machine);
  void connect_agent_later(const std::string& id, Machine& machine);
  void run_timers();

  const HostInformationPtr information_;
  VmIndex index_;

  mutable std::mutex mutex_;
  std::uint32_t last_process_id_ = 1000;
  std::unordered_map<std::string, Machine> machines_;  ///< by upper-case id
  Status health_;

  std::mutex timer_mutex_;
  std::condition_variable timer_changed_;
  std::multimap<Clock::time_point, std::function<void()>> timers_;
  bool ending_ = false;
  Thread timer_thread_;  ///< once there is a timer
};

/// The time of records.
SystemTime record_time();
Error no_such_vm(std::string_view id);

}  // namespace vmms::hypervisor::simulator
