#include "providers/files/copy_run.hpp"

#include "base/waiting.hpp"
#include "providers/files/part_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace vmms::providers {

namespace {

using namespace std::chrono_literals;

constexpr auto begin_time = 60s;
constexpr auto least_time = 600s;
constexpr std::uint64_t slowest = 128U << 10;  // bytes a second

}  // namespace

Status CopyRun::run(const Work& work) {
  Status done = copy(work);
  if (done) return done;
  // The end of a VM shows in its port before it shows in its record.
  for (int tries = 0; !reason_ && done.error().kind == Failure::unreachable && tries < 20; ++tries) {
    reason_ = reason_to_end();
    if (!reason_) sleep_for(100ms);
  }
  const Error why = reason_ ? *reason_ : done.error();
  // As Hyper-V begins the text; the cause follows.
  return error(
      why.kind,
      fmt::format("'{}' failed to {} copying files {}: {}", machine_name_, moved_ == 0 ? "initiate" : "complete",
                  direction_ == CopyDirection::to_guest ? "to the guest" : "from the guest", why.message));
}

Status CopyRun::copy(const Work& work) {
  const auto guest = environment_.guests.find(machine_id_);
  if (!guest) return error(Failure::not_found, fmt::format("virtual machine '{}' is gone", machine_name_));
  guest::CopyObserver observer;
  observer.moved = [this](std::uint64_t bytes) { moved(bytes); };
  observer.cancelled = [this] { return cancelled(); };
  observer.has_part = [this](const guest::PartFile* part) {
    control_.leave_behind(part ? part_file_text(machine_id_, *part) : std::string());
  };
  const auto copy = guest->begin_copy(std::move(observer), guest::Clock::now() + begin_time);
  if (!copy) return copy.error();
  return work(*guest, **copy);
}

void CopyRun::expect(std::uint64_t bytes) {
  total_ += std::max<std::uint64_t>(bytes, 1);  // an empty file is work, too
}

bool CopyRun::cancelled() {
  if (!reason_) reason_ = reason_to_end();
  return reason_.has_value() || control_.cancelled();
}

std::optional<Error> CopyRun::reason_to_end() const {
  const auto machine = environment_.host.machines().find(machine_id_);
  const auto ended = [&](std::string why) { return error(Failure::invalid_state, std::move(why)); };
  if (!machine) return ended(fmt::format("virtual machine '{}' is gone", machine_name_));
  if (!is_active(*machine)) return ended(fmt::format("virtual machine '{}' was turned off meanwhile", machine->name));
  if (!interface_enabled(environment_, *machine))
    return ended(
        fmt::format("the Guest Service Interface of virtual machine '{}' was turned off meanwhile", machine->name));
  if (!is_on(machine->settings, &hypervisor::Settings::guest_file_service))
    return ended(fmt::format("the Guest File Service of virtual machine '{}' was stopped meanwhile", machine->name));
  if (guest::Clock::now() - begun_ > least_time + std::chrono::seconds(total_ / slowest))
    return error(Failure::timed_out, fmt::format("it took longer than {} s and a second for each {} KiB of {} bytes",
                                                 least_time.count(), slowest >> 10, total_));
  return std::nullopt;
}

void CopyRun::moved(std::uint64_t bytes) {
  moved_ += bytes;
  const auto percent =
      static_cast<std::uint16_t>(std::min<std::uint64_t>(99, moved_ * 100 / std::max<std::uint64_t>(total_, 1)));
  if (std::exchange(percent_, percent) != percent) control_.percent(percent);
}

}  // namespace vmms::providers
