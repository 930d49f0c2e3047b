// The data ports of a host's VMs: plugged in while they are held, and never left behind.
#pragma once

#include "base/waiting.hpp"
#include "guest/transport/port.hpp"
#include "hypervisor/libvirt/connection.hpp"

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmms::hypervisor::libvirt {

/// Ports are added to the live domain only, so that nothing of them is in a definition; but a saved state, a checkpoint
/// or a killed daemon leaves them behind: `remove_strays` gets every alias seen. Thread-safe.
class DataPorts : public std::enable_shared_from_this<DataPorts> {
 public:
  struct Libvirt {
    /// A connection for one call that may take its time.
    std::function<Result<ConnectionPool::Lease>(guest::Clock::time_point)> control;
    /// A connection for one stream.
    std::function<Result<ConnectionHandle>()> stream;
  };

  explicit DataPorts(Libvirt libvirt) : libvirt_(std::move(libvirt)) {}
  ~DataPorts() { let_go_->end(); }
  DataPorts(const DataPorts&) = delete;
  DataPorts& operator=(const DataPorts&) = delete;

  /// `machine` names the VM in texts. Returns by the deadline; a port that opens later is unplugged.
  Result<std::unique_ptr<guest::Port>> open(const std::string& machine_id, const std::string& machine,
                                            std::string_view purpose, guest::Clock::time_point deadline);

  bool has_strays(const std::string& machine_id, const std::vector<std::string>& aliases) const;
  /// Unplugs those that are not held. Waits for libvirt.
  void remove_strays(const std::string& machine_id, const std::vector<std::string>& aliases);

 private:
  using Held = std::pair<std::string, std::string>;  ///< VM and alias

  /// Ports that their holders released: one thread unplugs them, since that waits for libvirt.
  class LetGo {
   public:
    /// Takes the one of `port`; neither waits nor allocates.
    void add(std::list<Held>& port);
    void end();
    /// The next one; empty: it has ended.
    std::list<Held> wait();

   private:
    std::mutex mutex_;
    Condition changed_;
    std::list<Held> ports_;
    bool ended_ = false;
  };
  Status start_unplugging();

  Result<std::unique_ptr<guest::Port>> plug(const Held& port, const std::string& machine, const std::string& name);
  Result<std::unique_ptr<guest::Port>> plug_held(const Held& port, const std::string& machine, const std::string& name);
  /// Throws nothing.
  void unplug(const Held& port);

  const Libvirt libvirt_;
  mutable std::mutex mutex_;
  std::set<Held> held_;
  bool unplugging_ = false;  ///< the thread runs
  const std::shared_ptr<LetGo> let_go_ = std::make_shared<LetGo>();
};

}  // namespace vmms::hypervisor::libvirt
