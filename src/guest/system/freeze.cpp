#include "guest/system/freeze.hpp"

#include "base/waiting.hpp"

#include <exception>
#include <thread>

namespace vmms::guest {

using namespace std::chrono_literals;

namespace {
constexpr auto thaw_patience = 10s;
constexpr auto between_tries = 200ms;
}  // namespace

Status thaw_and_unmark(System& system, const Freeze::Mark& mark, std::chrono::seconds patience) {
  const Clock::time_point end = Clock::now() + patience;
  for (;;) {
    const Result<unsigned> thawed = system.thaw(end);
    if (thawed) return mark(false);
    // An agent that forbids thawing, or is gone, will not thaw at the next try either.
    const Failure kind = thawed.error().kind;
    if ((kind != Failure::unreachable && kind != Failure::failed) || Clock::now() + between_tries >= end)
      return thawed.error();
    sleep_for(between_tries);
  }
}

Result<std::unique_ptr<Freeze>> Freeze::begin(std::shared_ptr<System> system, Mark mark, std::chrono::seconds most,
                                              Clock::time_point deadline) {
  const Clock::time_point end = Clock::now() + most;
  std::unique_ptr<Freeze> freeze(new Freeze(std::move(system), std::move(mark)));
  if (const Status marked = freeze->mark_(true); !marked) return marked.error();
  // Before anything is frozen: without the thread nothing may be.
  auto watch = Thread::start("thaw-guest", [self = freeze.get(), end] { self->watch(end); });
  if (!watch) {
    freeze->mark_(false);
    return error(Failure::busy, "the guest is not frozen, since no thread can be started that would thaw it: " +
                                    watch.error().message);
  }
  freeze->watch_ = std::move(*watch);
  const Result<unsigned> frozen = freeze->system_->freeze(std::min(deadline, end));
  if (!frozen) {
    // Whether some are frozen is not known.
    const bool none = frozen.error().kind == Failure::not_supported;
    freeze->end_watch(!none);
    if (none) freeze->mark_(false);
    return frozen.error();
  }
  freeze->count_ = *frozen;
  return freeze;
}

void Freeze::watch(Clock::time_point end) {
  std::unique_lock lock(mutex_);
  expired_ = !changed_.wait_until(lock, end, [this] { return ending_; });
  if (ending_ && !forsaken_) return;
  lock.unlock();
  const Clock::time_point patience = Clock::now() + thaw_patience;
  while (true) {
    try {
      thaw_now();
      return;
    } catch (const std::exception&) {
      if (Clock::now() >= patience) throw;  // the mark stays: the next vmmsd tries again
      std::this_thread::sleep_for(between_tries);
    }
  }
}

Status Freeze::thaw_now() { return thaw_and_unmark(*system_, mark_, thaw_patience); }

void Freeze::end_watch(bool to_thaw) {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    forsaken_ = to_thaw;
  }
  changed_.notify_all();
  watch_.join();
}

Status Freeze::thaw() {
  if (!watch_.joinable()) return {};
  end_watch(false);
  if (expired_)
    return error(Failure::timed_out,
                 "the guest's file systems were thawed before the end, since they had stood still "
                 "for the longest time allowed");
  return thaw_now();
}

Freeze::~Freeze() {
  if (watch_.joinable()) end_watch(true);
}

}  // namespace vmms::guest
