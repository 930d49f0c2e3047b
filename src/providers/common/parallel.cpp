#include "providers/common/parallel.hpp"

#include "base/waiting.hpp"

#include <algorithm>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

namespace vmms::providers {

namespace {

/// Shared with the helpers: one that comes late finds nothing to do, and touches nothing of the caller's.
class Work {
 public:
  Work(std::size_t count, const std::function<void(std::size_t)>& work) : count_(count), work_(work) {}

  void help() {
    std::unique_lock lock(mutex_);
    while (next_ < count_) {
      const std::size_t mine = next_++;
      ++running_;
      lock.unlock();
      std::exception_ptr thrown;
      try {
        work_(mine);
      } catch (...) {
        thrown = std::current_exception();
      }
      lock.lock();
      if (thrown) {
        next_ = count_;
        if (!thrown_) thrown_ = thrown;
      }
      if (--running_ == 0) changed_.notify_all();
    }
  }

  void finish() {
    help();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return running_ == 0; });
    if (thrown_) std::rethrow_exception(thrown_);
  }

 private:
  const std::size_t count_;
  const std::function<void(std::size_t)>& work_;  // the caller's, which waits for calls that run
  std::mutex mutex_;
  Condition changed_;
  std::size_t next_ = 0;
  std::size_t running_ = 0;
  std::exception_ptr thrown_;
};

}  // namespace

Offer offer_for(const Environment& environment, const cim::Context& caller) {
  if (!environment.offer) return {};
  return [&](std::function<void()> task) { return environment.offer(caller, std::move(task)); };
}

void in_parallel(const Offer& offer, std::size_t count, const std::function<void(std::size_t)>& work) {
  const auto shared = std::make_shared<Work>(count, work);
  try {
    for (std::size_t helpers = 1; offer && helpers < std::min(count, most_in_parallel); ++helpers)
      if (!offer([shared] { shared->help(); })) break;
  } catch (const std::exception&) {
    // No memory for one more. Those that have begun use objects of the caller, which must wait for them.
  }
  shared->finish();
}

}  // namespace vmms::providers
