#include "guest/freeze.hpp"

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
    // An agent that forbids to thaw, or is gone, will not do so at the next try either.
    const Failure kind = thawed.error().kind;
    if ((kind != Failure::unreachable && kind != Failure::failed) || Clock::now() + between_tries >= end)
      return thawed.error();
    std::this_thread::sleep_for(between_tries);
  }
}

Result<std::unique_ptr<Freeze>> Freeze::begin(std::shared_ptr<System> system, Mark mark, std::chrono::seconds most,
                                              Clock::time_point deadline) {
  if (const Status marked = mark(true); !marked) return marked.error();
  std::unique_ptr<Freeze> freeze(new Freeze(std::move(system), std::move(mark)));
  const Clock::time_point end = Clock::now() + most;
  const Result<unsigned> frozen = freeze->system_->freeze(std::min(deadline, end));
  if (!frozen) {
    // Whether some are frozen is not known.
    if (frozen.error().kind == Failure::not_supported)
      freeze->mark_(false);
    else
      freeze->thaw_now();
    return frozen.error();
  }
  freeze->count_ = *frozen;
  freeze->watch_ = std::thread([self = freeze.get(), end] { self->watch(end); });
  return freeze;
}

void Freeze::watch(Clock::time_point end) {
  std::unique_lock lock(mutex_);
  if (changed_.wait_until(lock, end, [this] { return ending_; })) return;
  expired_ = true;
  lock.unlock();
  thaw_now();
}

Status Freeze::thaw_now() { return thaw_and_unmark(*system_, mark_, thaw_patience); }

Status Freeze::thaw() {
  {
    const std::lock_guard lock(mutex_);
    if (ending_) return {};
    ending_ = true;
  }
  changed_.notify_all();
  if (watch_.joinable()) watch_.join();
  if (expired_)
    return error(Failure::timed_out,
                 "the guest's file systems were thawed before the end, since they had stood still "
                 "for the longest time allowed");
  return thaw_now();
}

Freeze::~Freeze() {
  if (watch_.joinable()) thaw();
}

}  // namespace vmms::guest
