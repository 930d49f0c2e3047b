// The records of all virtual machines of one host, by id. Both hypervisors keep theirs here.
#pragma once

#include "base/thread.hpp"
#include "hypervisor/machines.hpp"

#include <array>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmms::hypervisor {

/// A sharded, ordered index of immutable records. Thread-safe. Readers wait only for another thread's map operation on
/// the same shard; no lock is held while a listener runs. A shard holds a range of ids, not a hash class: so `list`
/// goes on behind `after` without looking at what lies before it.
class VmIndex {
 public:
  /// Throws std::runtime_error when the host gives it no thread.
  VmIndex();
  ~VmIndex() { stop_telling(); }
  VmIndex(const VmIndex&) = delete;
  VmIndex& operator=(const VmIndex&) = delete;

  /// The record of `id` (compared without case), or null.
  VirtualMachinePtr find(std::string_view id) const;

  /// Records in ascending order of id, those after `after` (exclusive; empty: from the first), at most `limit`.
  std::vector<VirtualMachinePtr> list(std::string_view after, std::size_t limit) const;

  std::size_t size() const;

  /// Puts `record` in the place of the one with the same id (made upper-case) and returns that one, or null. Listeners
  /// are called unless nothing differs.
  VirtualMachinePtr replace(VirtualMachine record);

  /// Replaces the record of `id` by what `change` makes of a copy, with no other change between reading and writing,
  /// and returns the new one; null when there is none. `change` runs under the shard's lock: it must be quick and must
  /// not use the index.
  VirtualMachinePtr update(std::string_view id, const std::function<void(VirtualMachine&)>& change);

  /// Removes the record of `id` and returns it, or null.
  VirtualMachinePtr erase(std::string_view id);

  /// Adds a listener. It is called for one change after the other, in the order in which they were made, on one thread
  /// of the index. A listener may use the index; it should return soon, since all others wait for it.
  void listen(VirtualMachines::Listener listener);

  /// Ends the notifications: waits for a listener that runs, drops the remaining changes, and calls no listener
  /// afterwards. Not from a listener.
  void stop_telling();

 private:
  struct Shard {
    mutable std::shared_mutex mutex;
    std::map<std::string, VirtualMachinePtr, std::less<>> records;
  };
  using Change = std::pair<VirtualMachinePtr, VirtualMachinePtr>;

  static std::size_t shard_of(std::string_view upper_id);
  /// Takes the one change of `news`; allocates nothing, so that every change is reported.
  void tell(std::list<Change> news);
  void deliver();

  std::array<Shard, 256> shards_;

  std::mutex notify_mutex_;
  std::condition_variable notify_;
  std::vector<std::shared_ptr<const VirtualMachines::Listener>> listeners_;
  std::list<Change> changes_;
  bool ending_ = false;
  Thread notifier_;
};

/// `id` with ASCII letters in upper case.
std::string upper_id(std::string_view id);

}  // namespace vmms::hypervisor
