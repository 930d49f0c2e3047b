#include "hypervisor/vm_index.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <stdexcept>

namespace vmms::hypervisor {

namespace {

/// A hexadecimal digit's value; other characters fall to the neighbour that keeps the order of bytes.
struct Digit {
  std::size_t value;
  bool exact;
};

Digit digit(unsigned char c) {
  if (c < '0') return {0, false};
  if (c <= '9') return {static_cast<std::size_t>(c - '0'), true};
  if (c < 'A') return {9, false};
  if (c <= 'F') return {static_cast<std::size_t>(c - 'A') + 10, true};
  return {15, false};
}

}  // namespace

std::string upper_id(std::string_view id) {
  std::string upper(id);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

VmIndex::VmIndex() {
  auto started = Thread::start("vm-changes", [this] { deliver(); }, {.use = ThreadUse::service});
  if (!started)
    throw std::runtime_error("no thread can be started for changes of virtual machines: " + started.error().message);
  notifier_ = std::move(*started);
}

void VmIndex::stop_telling() {
  {
    const std::lock_guard lock(notify_mutex_);
    ending_ = true;
    listeners_.clear();
    changes_.clear();
  }
  notify_.notify_all();
  notifier_.join();
}

// Monotone: of two ids the smaller never lies in a later shard, whatever the ids look like.
std::size_t VmIndex::shard_of(std::string_view upper_id) {
  if (upper_id.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(upper_id[i]); };  // as texts are compared
  const Digit high = digit(byte(0));
  if (!high.exact) return high.value * 16 + (byte(0) < '0' ? 0 : 15);
  return high.value * 16 + (upper_id.size() > 1 ? digit(byte(1)).value : 0);
}

VirtualMachinePtr VmIndex::find(std::string_view id) const {
  const std::string key = upper_id(id);
  const Shard& shard = shards_[shard_of(key)];
  const std::shared_lock lock(shard.mutex);
  const auto found = shard.records.find(key);
  return found == shard.records.end() ? nullptr : found->second;
}

std::vector<VirtualMachinePtr> VmIndex::list(std::string_view after, std::size_t limit) const {
  constexpr std::size_t common_limit = 128;
  std::vector<VirtualMachinePtr> result;
  result.reserve(std::min(limit, common_limit));
  const std::string key = upper_id(after);
  const std::size_t first = shard_of(key);
  for (std::size_t i = first; i < shards_.size() && result.size() < limit; ++i) {
    const Shard& shard = shards_[i];
    const std::shared_lock lock(shard.mutex);
    for (auto at = i == first ? shard.records.upper_bound(key) : shard.records.begin();
         at != shard.records.end() && result.size() < limit; ++at) {
      result.push_back(at->second);
    }
  }
  return result;
}

std::size_t VmIndex::size() const {
  std::size_t total = 0;
  for (const Shard& shard : shards_) {
    const std::shared_lock lock(shard.mutex);
    total += shard.records.size();
  }
  return total;
}

VirtualMachinePtr VmIndex::replace(VirtualMachine record) {
  record.id = upper_id(record.id);
  auto after = std::make_shared<const VirtualMachine>(std::move(record));
  Shard& shard = shards_[shard_of(after->id)];
  const std::unique_lock lock(shard.mutex);
  const auto found = shard.records.find(after->id);
  VirtualMachinePtr before = found == shard.records.end() ? nullptr : found->second;
  if (before && *before == *after) return before;
  std::list<Change> news{{before, after}};
  if (before)
    found->second = std::move(after);
  else
    shard.records.emplace(after->id, after);
  tell(std::move(news));  // under the lock: the order of notifications is the order of changes
  return before;
}

VirtualMachinePtr VmIndex::update(std::string_view id, const std::function<void(VirtualMachine&)>& change) {
  const std::string key = upper_id(id);
  Shard& shard = shards_[shard_of(key)];
  const std::unique_lock lock(shard.mutex);
  const auto found = shard.records.find(key);
  if (found == shard.records.end()) return nullptr;
  VirtualMachine changed = *found->second;
  change(changed);
  changed.id = key;
  if (*found->second == changed) return found->second;
  const auto after = std::make_shared<const VirtualMachine>(std::move(changed));
  std::list<Change> news{{found->second, after}};
  found->second = after;
  tell(std::move(news));
  return after;
}

VirtualMachinePtr VmIndex::erase(std::string_view id) {
  const std::string key = upper_id(id);
  Shard& shard = shards_[shard_of(key)];
  const std::unique_lock lock(shard.mutex);
  const auto found = shard.records.find(key);
  if (found == shard.records.end()) return nullptr;
  VirtualMachinePtr before = found->second;
  std::list<Change> news{{before, nullptr}};
  shard.records.erase(found);
  tell(std::move(news));
  return before;
}

void VmIndex::listen(VirtualMachines::Listener listener) {
  auto shared = std::make_shared<const VirtualMachines::Listener>(std::move(listener));
  const std::lock_guard lock(notify_mutex_);
  if (ending_) return;
  listeners_.push_back(std::move(shared));
}

void VmIndex::tell(std::list<Change> news) {
  {
    const std::lock_guard lock(notify_mutex_);
    if (listeners_.empty()) return;
    changes_.splice(changes_.end(), news);
  }
  notify_.notify_one();
}

void VmIndex::deliver() {
  std::unique_lock lock(notify_mutex_);
  while (true) {
    notify_.wait(lock, [this] { return ending_ || !changes_.empty(); });
    if (ending_) return;
    std::list<Change> told;
    told.splice(told.end(), changes_, changes_.begin());
    const std::size_t listeners = listeners_.size();
    for (std::size_t i = 0; i < listeners && !ending_; ++i) {
      const auto listener = listeners_[i];
      lock.unlock();
      try {
        (*listener)(told.front().first, told.front().second);
      } catch (const std::exception& e) {
        spdlog::error("a listener to changes of virtual machines failed with an exception: {}", e.what());
      }
      lock.lock();
    }
  }
}

}  // namespace vmms::hypervisor
