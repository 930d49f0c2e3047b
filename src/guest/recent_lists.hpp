// Keeps the newest service lists of all guests together in memory, and no others.
#pragma once

#include "guest/service_manager.hpp"

#include <deque>
#include <memory>
#include <mutex>

namespace vmms::guest {

/// Guests hold their list weakly: so ten thousand guests that were listed once take the memory of a few. Thread-safe.
class RecentLists {
 public:
  static constexpr std::size_t most = 64;

  void keep(std::shared_ptr<const ServiceList> list) {
    std::shared_ptr<const ServiceList> oldest;  // destroyed after the lock is released
    const std::lock_guard lock(mutex_);
    lists_.push_back(std::move(list));
    if (lists_.size() <= most) return;
    oldest = std::move(lists_.front());
    lists_.pop_front();
  }

 private:
  std::mutex mutex_;
  std::deque<std::shared_ptr<const ServiceList>> lists_;
};

/// The one of this process; never destroyed, since threads that wait for a guest may outlive main().
inline RecentLists& recent_lists() {
  static RecentLists& lists = *new RecentLists;
  return lists;
}

}  // namespace vmms::guest
