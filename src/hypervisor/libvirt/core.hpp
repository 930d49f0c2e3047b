// What keeps the records of one libvirt URI true: the connection, its events, and the threads that act on them.
#pragma once

#include "base/result.hpp"
#include "hypervisor/host.hpp"
#include "hypervisor/libvirt/agent_transport.hpp"
#include "hypervisor/libvirt/connection.hpp"
#include "hypervisor/libvirt/host.hpp"
#include "hypervisor/libvirt/record.hpp"
#include "hypervisor/libvirt/work_queue.hpp"
#include "hypervisor/vm_index.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace vmms::hypervisor::libvirt {

/// What belongs to one VM besides its record. Lives while the VM exists.
struct Slot {
  std::mutex reading;   ///< libvirt is asked and the record replaced by one thread at a time, so none is overtaken
  std::mutex settings;  ///< one change of the settings at a time
  std::mutex mutex;     ///< guards what follows; never held while libvirt is called
  std::optional<PowerState> transition;  ///< `starting` or `stopping`, while a call of ours is at it
  std::optional<SystemTime> created;
  std::shared_ptr<AgentTransport> transport;
};

/// Shared by the host, its threads, libvirt's callbacks and the calls in flight: it ends with the last of them, so
/// that the host's end waits for none.
class Core : public std::enable_shared_from_this<Core> {
 public:
  /// Connects, registers for events and lists the domains.
  static Result<std::shared_ptr<Core>> open(const Options& options);
  /// Stops threads and listeners, answers all commands to agents. Waits at most half a second.
  void close();

  VmIndex& index() { return index_; }
  const VmIndex& index() const { return index_; }
  HostInformation information() const;
  Status health() const;

  /// A connection for one call that may take its time.
  Result<Lanes::Lease> control_lane(Clock::time_point deadline);

  std::shared_ptr<Slot> slot(const std::string& id);
  /// The slot of a VM that is in the index; null otherwise.
  std::shared_ptr<Slot> known_slot(const std::string& id);

  /// Reads the domain anew and replaces its record.
  Status refresh(virDomainPtr domain, std::optional<SystemTime> started = std::nullopt);

 private:
  /// What events said of a VM whose record is to be read anew.
  struct Touched {
    std::optional<SystemTime> started;
    bool settle = false;  ///< the live copy of the settings may differ from the configuration
    void merge(const Touched& later) {
      if (later.started) started = later.started;
      settle |= later.settle;
    }
  };
  struct Registration;

  explicit Core(const Options& options);

  Status connect();
  void watch(const ConnectionHandle& connection);
  void unwatch(const ConnectionHandle& connection);
  Status relist(virConnectPtr connection);
  void forget(const std::string& id);
  Result<ConnectionHandle> connection() const;
  Result<Lanes::Lease> lane(const std::shared_ptr<Lanes>& lanes, Clock::time_point deadline);
  Result<std::string> agent_call(const std::string& id, const std::string& json, Clock::time_point deadline);

  void on_lost(int reason);
  void keep();       ///< the keeper thread: loss, reconnection, listing anew
  void reconnect();  ///< one attempt
  void touch(const std::string& id, const Touched& touched) { touched_.add(id, touched); }
  void refresh_touched(const std::string& id, const Touched& touched);
  void settle(const std::string& id);

  const Options options_;
  const LocalFiles files_;
  const bool in_process_;
  VmIndex index_;

  mutable std::mutex mutex_;  ///< guards what follows; never held while libvirt is called
  std::condition_variable wake_;
  ConnectionHandle connection_;
  std::string lost_;  ///< why there is no connection
  HostInformation information_;
  std::vector<Clock::time_point> relist_at_;
  std::chrono::milliseconds backoff_;
  bool keeping_ = false;
  bool ending_ = false;
  std::unordered_map<std::string, std::shared_ptr<Slot>> slots_;

  std::vector<int> callbacks_;  ///< of the present connection; used by one thread at a time
  std::shared_ptr<Lanes> control_lanes_;
  std::shared_ptr<Lanes> agent_lanes_;
  WorkQueue<Touched> touched_;
  WorkQueue<bool> unsettled_;

  friend struct Events;
};

}  // namespace vmms::hypervisor::libvirt
