// The way to a guest's agent through a hypervisor whose calls keep no deadline.
#pragma once

#include "base/result.hpp"
#include "base/waiting.hpp"
#include "guest/transport/transport.hpp"
#include "hypervisor/machines.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::hypervisor::libvirt {

/// Commands of one guest, one after the other on a thread that lives while there are any. Callers wait for their answer
/// until their deadline and no longer; the hypervisor's call is given up, not interrupted: what comes later is dropped,
/// and until then the next commands wait, each to its own deadline.
class AgentTransport : public guest::Transport, public std::enable_shared_from_this<AgentTransport> {
 public:
  using Clock = guest::Clock;
  /// Commands that wait for one guest.
  static constexpr std::size_t most_waiting = 64;
  /// The longest command taken, in bytes: libvirt loses count of one that its socket does not take at once.
  static constexpr std::size_t longest_command = 128U << 10;
  /// The longest answer taken, in bytes; libvirt's own limit is lower.
  static constexpr std::size_t longest_answer = 64U << 20;

  struct Hypervisor {
    /// The VM's current record; null when it is gone. Never waits.
    std::function<VirtualMachinePtr()> record;
    /// Sends a command and waits for its answer. The deadline is a hint; it may return much later.
    std::function<Result<std::string>(const std::string& json, Clock::time_point deadline)> call;
    /// How long the thread waits for the next command before it ends.
    std::chrono::milliseconds idle{5000};
    /// Plugs a data port in; returns by the deadline.
    std::function<Result<std::unique_ptr<guest::Port>>(std::string_view purpose, Clock::time_point deadline)>
        open_port = {};
  };

  /// `id` names the VM in texts when there is no record.
  AgentTransport(std::string id, Hypervisor hypervisor) : id_(std::move(id)), hypervisor_(std::move(hypervisor)) {}

  bool connected() const override;
  std::uint64_t connection() const override { return connection_; }
  Result<std::string> command(std::string_view json, Clock::time_point deadline) override;
  Result<std::unique_ptr<guest::Port>> open_port(std::string_view purpose, Clock::time_point deadline) override;

  /// An agent connected: what was learnt from the one before is void.
  void agent_came() { ++connection_; }

  /// Answers every command that waits, and every later one, with `reason`. Waits for nothing.
  void close(Error reason);

 private:
  struct Request {
    std::string json;
    Clock::time_point deadline;
    Condition answered;
    std::optional<Result<std::string>> answer;
  };
  using RequestPtr = std::shared_ptr<Request>;

  Status available() const;
  Status enqueue(const RequestPtr& request);
  Result<std::string> send(const Request& request);
  void work();

  const std::string id_;
  const Hypervisor hypervisor_;
  std::atomic<std::uint64_t> connection_{0};

  mutable std::mutex mutex_;
  std::condition_variable queued_;
  std::deque<RequestPtr> queue_;
  RequestPtr sent_;  ///< with the hypervisor now
  Clock::time_point sent_at_;
  bool working_ = false;
  std::optional<Error> closed_;
};

}  // namespace vmms::hypervisor::libvirt
