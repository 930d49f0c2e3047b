// A host of virtual machines that exist in memory only. What a file describes, or a test does to them, happens.
#pragma once

#include "base/result.hpp"
#include "base/thread.hpp"
#include "hypervisor/host.hpp"
#include "hypervisor/simulator/description.hpp"
#include "hypervisor/simulator/guest.hpp"
#include "hypervisor/vm_index.hpp"

#include <condition_variable>
#include <deque>
#include <filesystem>
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

/// Thread-safe. `id` is compared without case everywhere; the calls of its own, for tests, ignore unknown ids.
class Simulator : public Host {
 public:
  explicit Simulator(FleetDescription fleet);
  ~Simulator() override;

  HostInformationPtr information() const override { return information_; }
  std::optional<std::uint64_t> free_memory_bytes() const override { return information_->memory_bytes / 2; }
  VirtualMachinePtr find(std::string_view id) const override { return index_.find(id); }
  std::vector<VirtualMachinePtr> list(std::string_view after, std::size_t limit) const override {
    return index_.list(after, limit);
  }
  Status health() const override;
  Status start(std::string_view id) override;
  Status turn_off(std::string_view id) override;
  Status pause(std::string_view id) override { return rest(id, PowerState::paused); }
  Status save(std::string_view id) override { return rest(id, PowerState::saved); }
  Status reset(std::string_view id) override { return request_power(id, PowerRequest::reboot); }
  Status request_power(std::string_view id, PowerRequest request) override;
  Status press_keys(std::string_view id, const std::vector<std::uint8_t>& keys,
                    std::chrono::milliseconds hold) override;
  Status change_settings(std::string_view id, const std::function<void(Settings&)>& change) override;
  std::shared_ptr<guest::Transport> guest(std::string_view id) override { return simulated_guest(id); }
  void listen(Listener listener) override { index_.listen(std::move(listener)); }

  /// The guest itself, for what a test does inside it; null when there is no such VM.
  std::shared_ptr<SimulatedGuest> simulated_guest(std::string_view id);
  /// An agent that connects, goes, or falls silent, as if by itself.
  void set_agent(std::string_view id, AgentState agent);
  /// A VM that is paused, or dies, as if by itself.
  void set_power(std::string_view id, PowerState power);
  /// A VM that somebody undefined.
  void remove(std::string_view id);
  /// The last keys that were pressed together, at most 64 times.
  std::vector<std::vector<std::uint8_t>> keys(std::string_view id) const;
  /// What health() answers from now on.
  void set_health(Status health);

 private:
  struct Machine {
    std::shared_ptr<const MachineDescription> description;
    std::shared_ptr<SimulatedGuest> guest;       ///< once somebody asked for it
    std::deque<std::vector<std::uint8_t>> keys;  ///< that were pressed last
    std::uint64_t runs = 0;                      ///< starts of the VM: an agent connects in the run that it belongs to
  };

  Machine* machine(std::string_view id);
  /// The record with its machine. Errors: not_found; invalid_state: it does not run.
  Result<std::pair<VirtualMachinePtr, Machine*>> running(std::string_view id);
  std::shared_ptr<SimulatedGuest> guest_of(const std::string& id, Machine& machine);
  void enter(const std::string& id, Machine& machine, PowerState power);
  void enter_agent(const std::string& id, Machine& machine, AgentState agent);
  Status rest(std::string_view id, PowerState power);
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

/// Reads the description and makes the host. Errors: see read_description.
Result<std::unique_ptr<Host>> load(const std::filesystem::path& toml);

}  // namespace vmms::hypervisor::simulator
