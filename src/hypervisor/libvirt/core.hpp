// Keeps the records of one libvirt URI current: the connection, its events, and the threads that act on them.
#pragma once

#include "base/result.hpp"
#include "base/waiting.hpp"
#include "hypervisor/libvirt/agent_transport.hpp"
#include "hypervisor/libvirt/connection.hpp"
#include "hypervisor/libvirt/data_ports.hpp"
#include "hypervisor/libvirt/host.hpp"
#include "hypervisor/libvirt/record.hpp"
#include "hypervisor/libvirt/subscription.hpp"
#include "hypervisor/libvirt/uri.hpp"
#include "hypervisor/machine.hpp"
#include "hypervisor/machines.hpp"
#include "hypervisor/vm_index.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace vmms::hypervisor::libvirt {

/// What belongs to one VM besides its record, for as long as it exists.
struct Slot {
  std::mutex reading;  ///< held from asking libvirt to replacing the record: no older state overwrites a newer one
  TaskMutex settings;  ///< one change of the settings at a time; held while a connection to libvirt is waited for
  std::mutex mutex;    ///< guards what follows; never held while libvirt is called
  std::optional<PowerState> transition;  ///< starting or stopping, while a call of ours does that
  std::optional<SystemTime> created;
  /// False from the end of an agent until libvirt reports the next: a domain's XML has it before libvirt talks to it.
  std::atomic<bool> agent_told = true;
  std::uint64_t agent_open = 0;  ///< the connection (Core::connections_) of which libvirt talks to the agent
  std::shared_ptr<AgentTransport> transport;
};

/// Shared by the host, its threads and the calls in flight: it ends with the last of them, so that the host's end
/// waits for none.
class Core : public EventHandler, public std::enable_shared_from_this<Core> {
 public:
  /// Connects, registers for events, lists the domains, and then keeps the records current.
  static Result<std::shared_ptr<Core>> open(const Options& options);
  /// Ends the threads and listeners and answers all commands to agents. Waits half a second at most.
  void close();

  VmIndex& index() { return index_; }
  HostInformationPtr information() const;
  /// The connection that carries the events, for calls that never hang. Errors: unreachable.
  Result<ConnectionHandle> connection() const;
  Status health() const;

  /// A connection for one call that may take its time.
  Result<ConnectionPool::Lease> control_connection(Clock::time_point deadline) {
    return pooled(control_pool_, deadline);
  }
  /// Null when there is no such VM.
  std::shared_ptr<Slot> slot(std::string_view id);
  /// Reads the domain again and replaces its record. `started`: when its present run began, where that was seen.
  Result<DomainReading> refresh(virDomainPtr domain, std::optional<SystemTime> started = std::nullopt);

  void on_event(const std::string& id, Event event) override;
  void on_event_lost(const char* why) override;
  void on_closed(virConnectPtr connection, const char* reason) override;

 private:
  using Lock = std::unique_lock<std::mutex>;

  explicit Core(const Options& options);

  Status connect();
  Result<ConnectionPool::Lease> pooled(const std::shared_ptr<ConnectionPool>& pool, Clock::time_point deadline);
  std::shared_ptr<Slot> make_slot(const std::string& id);
  Status read_all(virConnectPtr connection);
  void read_again(const std::string& id, std::optional<SystemTime> started);
  void doubt_all(Lock& lock);
  std::vector<std::string> known_ids() const;
  void forget(const std::string& id);
  bool expects_agent(const std::string& id) const;
  void wait_for_agent(const std::string& id, virDomainPtr domain, Clock::time_point deadline);
  Result<std::string> agent_call(const std::string& id, const std::string& json, Clock::time_point deadline);

  Status start_keeper(const char* name, void (Core::*body)(Lock&));
  void keep(const char* name, void (Core::*body)(Lock&));
  void keep_records(Lock& lock);
  void keep_live_settings(Lock& lock);
  void reconnect(Lock& lock);
  /// Whether agents came and went is not known: what was learnt of them is void.
  void forget_agents();
  void learn_version(Lock& lock);
  void settle(const std::string& id);
  Result<ConnectionHandle> stream_connection() const;

  const Options options_;
  const LocalFiles files_;
  const bool in_process_;
  const std::shared_ptr<ConnectionPool> control_pool_;
  const std::shared_ptr<ConnectionPool> agent_pool_;
  std::shared_ptr<DataPorts> ports_;
  VmIndex index_;

  mutable std::mutex mutex_;  ///< guards what follows; never held while libvirt is called
  std::condition_variable wake_;
  ConnectionHandle connection_;
  std::unique_ptr<Subscription> subscription_;
  std::string lost_;  ///< why there is no connection
  HostInformationPtr information_ = std::make_shared<const HostInformation>();
  std::optional<Clock::time_point> learn_version_at_;
  std::chrono::milliseconds backoff_;
  std::set<Clock::time_point> list_again_at_;
  /// VMs that events named since their records were read, with the start of the current run where known; read again
  /// first.
  std::map<std::string, std::optional<SystemTime>> touched_;
  bool missed_ = false;              ///< an event was lost: any record may be old
  std::set<std::string> doubtful_;   ///< read again when nothing is touched
  std::set<std::string> unsettled_;  ///< live settings that may differ from the configured ones
  std::map<std::string, std::vector<std::string>> stray_ports_;  ///< aliases without a known holder, by VM
  std::unordered_map<std::string, std::shared_ptr<Slot>> slots_;
  std::uint64_t connections_ = 0;  ///< how many there have been
  unsigned threads_ = 0;
  bool ending_ = false;
};

}  // namespace vmms::hypervisor::libvirt
