// The agent of one simulated guest, at the level of its JSON commands, so that the real agent client is used.
#pragma once

#include "base/result.hpp"
#include "base/waiting.hpp"
#include "guest/transport/transport.hpp"
#include "hypervisor/machines.hpp"
#include "hypervisor/simulator/description.hpp"
#include "hypervisor/simulator/files.hpp"
#include "hypervisor/simulator/guest_system.hpp"
#include "hypervisor/simulator/other_managers.hpp"
#include "hypervisor/simulator/services.hpp"

#include <boost/json.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::hypervisor::simulator {

/// Thread-safe. Has no threads: a command that has to wait waits in its caller, and what the guest does is computed
/// from the time of each call.
class SimulatedGuest : public guest::Transport {
 public:
  SimulatedGuest(std::string vm_name, std::shared_ptr<const GuestDescription> description);

  bool connected() const override;
  std::uint64_t connection() const override { return connection_; }
  Result<std::string> command(std::string_view json, Clock::time_point deadline) override;
  PollDelays poll_delays() const override;

  /// The VM's power state; `booted` is when it was started; its services start again.
  void set_power(PowerState power);
  void boot(Clock::time_point booted);
  /// The VM is gone for good.
  void remove();
  /// A caller that waits for an answer learns at once when the agent is gone.
  void set_agent(AgentState agent);
  /// The agent ends and comes back: what it ran goes on in the guest, but the agent no longer knows it.
  void restart_agent();
  void set_frozen(bool frozen);
  void set_latency(milliseconds latency);

  /// Called when the guest shuts itself down, without a lock of the guest held.
  void on_shutdown(std::function<void(PowerRequest)> shut_down);
  /// The file of key-value pairs that the host delivered.
  std::string host_key_values() const;
  bool frozen() const;

  /// Commands that the agent received.
  std::uint64_t commands() const { return commands_; }

 private:
  /// One guest-exec.
  struct Process {
    std::string script;
    std::vector<std::string> parameters;
    Services::Ticket ticket = 0;
    std::string input;
  };

  Status available() const;
  Error silence(Clock::time_point since) const;
  std::string answer(std::string_view json);
  std::optional<PowerRequest> shutdown_of(std::string_view command, const boost::json::object& arguments) const;
  boost::json::value execute(const boost::json::object& arguments);
  boost::json::value status(const boost::json::object& arguments);
  boost::json::value file_command(std::string_view command, const boost::json::object& arguments);
  bool run(const Process& process, int& exit_status, std::string& out, std::string& err);
  bool run_other(const OtherScript& script, Services::Ticket ticket, std::string& out, std::string& err);
  bool discover(std::string& out, std::string& err) const;
  boost::json::value information() const;
  boost::json::value operating_system() const;

  const std::string vm_name_;
  const std::shared_ptr<const GuestDescription> description_;
  std::atomic<std::uint64_t> connection_{1};
  std::atomic<std::uint64_t> commands_{0};

  mutable std::mutex mutex_;
  Condition changed_;
  bool answering_ = false;  ///< the agent is processing a command
  bool removed_ = false;
  PowerState power_ = PowerState::running;
  AgentState agent_;
  bool frozen_;
  milliseconds latency_;
  Clock::time_point booted_;
  std::unique_ptr<Services> services_;
  SimulatedFiles files_;
  GuestSystem system_;
  std::function<void(PowerRequest)> shut_down_;
  std::optional<PowerRequest> shutting_down_;  ///< the current command asked for it
  std::map<std::int64_t, Process> processes_;
  std::int64_t last_process_ = 400;
};

}  // namespace vmms::hypervisor::simulator
