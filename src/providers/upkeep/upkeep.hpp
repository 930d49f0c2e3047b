// What the host does for its guests without being asked: sets their clocks when they go on, delivers the host's
// key-value pairs, thaws file systems that nobody thawed, removes the part files of copies that died with their vmmsd.
#pragma once

#include "cim/job/jobs.hpp"
#include "guest/system/freeze.hpp"
#include "hypervisor/machines.hpp"
#include "providers/common/guests.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace vmms::providers {

/// It listens to the records of VMs and leaves guests alone that nothing happens to. Outlives no call of its owner's:
/// after its end nothing new is begun.
class Upkeep {
 public:
  /// Runs a task in the background; the key groups tasks of one VM.
  using Submit = std::function<Status(std::string_view key, std::function<void()> task)>;

  Upkeep(hypervisor::VirtualMachines& machines, Guests& guests, cim::job::Jobs& jobs, Submit submit);
  ~Upkeep();
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  /// Freezes the file systems of a VM's guest for at most `most` (guest/system/freeze.hpp). The mark that it leaves in
  /// the VM's settings lets the next Upkeep thaw them, should this process die first. Errors: not_found, invalid_state
  /// (they are frozen already, or Msvm_VssComponent is disabled), those of guest::Freeze.
  Result<std::unique_ptr<guest::Freeze>> freeze(std::string_view machine_id, std::chrono::seconds most,
                                                guest::Clock::time_point deadline);

 private:
  class Tasks;
  std::shared_ptr<Tasks> tasks_;
};

}  // namespace vmms::providers
