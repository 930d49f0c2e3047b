// Keeps the newest service lists of all guests together in memory, and no others.
#pragma once

#include "guest/services/service_manager.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>

namespace vmms::guest {

/// Guests hold their list weakly: so ten thousand guests that were listed once take the memory of a few, and a long
/// list can at worst drop those of others. Thread-safe.
class RecentLists {
 public:
  static constexpr std::size_t most = 64;
  static constexpr std::size_t most_bytes = std::size_t{64} << 20;

  /// One list per guest: the newest, of so many bytes.
  void keep(const void* guest, std::shared_ptr<const ServiceList> list, std::size_t bytes) {
    std::list<Kept> kept;
    kept.push_back({guest, std::move(list), bytes});
    std::list<Kept> dropped;  // destroyed after the lock is released
    const std::lock_guard lock(mutex_);
    for (auto each = lists_.begin(); each != lists_.end();) {
      const auto next = std::next(each);
      if (each->guest == guest) drop(each, dropped);
      each = next;
    }
    lists_.splice(lists_.end(), kept);
    bytes_ += bytes;
    while (lists_.size() > 1 && (lists_.size() > most || bytes_ > most_bytes)) drop(lists_.begin(), dropped);
  }

  std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  struct Kept {
    const void* guest = nullptr;
    std::shared_ptr<const ServiceList> list;
    std::size_t bytes = 0;
  };

  void drop(std::list<Kept>::iterator which, std::list<Kept>& into) {
    bytes_ -= which->bytes;
    into.splice(into.end(), lists_, which);
  }

  mutable std::mutex mutex_;
  std::list<Kept> lists_;  ///< the oldest first
  std::size_t bytes_ = 0;
};

/// The one of this process; never destroyed, since threads that wait for a guest may outlive main().
inline RecentLists& recent_lists() {
  static RecentLists& lists = *new RecentLists;
  return lists;
}

}  // namespace vmms::guest
