#include "hypervisor/libvirt/data_ports.hpp"

#include "base/caught_error.hpp"
#include "base/text.hpp"
#include "base/thread.hpp"
#include "base/waiting.hpp"
#include "hypervisor/libvirt/domain_xml.hpp"
#include "hypervisor/libvirt/record.hpp"
#include "hypervisor/libvirt/stream_port.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <optional>

namespace vmms::hypervisor::libvirt {

namespace {

using namespace std::chrono_literals;
using guest::Clock;
using PortPtr = std::unique_ptr<guest::Port>;

constexpr auto connection_wait = 30s;

/// Runs `work` on a thread and waits for it until the deadline. A later result is dropped there.
Result<PortPtr> by_deadline(Clock::time_point deadline, const std::string& machine,
                            std::function<Result<PortPtr>()> work) {
  struct Shared {
    std::mutex mutex;
    Condition changed;
    std::optional<Result<PortPtr>> result;
    bool given_up = false;
  };
  const auto shared = std::make_shared<Shared>();
  const Status started = start_thread("guest-port", [shared, work = std::move(work)] {
    Result<PortPtr> result = [&work]() -> Result<PortPtr> {
      try {
        return work();
      } catch (const std::exception&) {
        return caught_error();
      }
    }();
    const std::lock_guard lock(shared->mutex);
    if (shared->given_up) return;
    shared->result = std::move(result);
    shared->changed.notify_all();
  });
  if (!started)
    return error(Failure::busy,
                 fmt::format("no thread can be started for a data port of {}: {}", machine, started.error().message));
  std::unique_lock lock(shared->mutex);
  shared->changed.wait_until(lock, deadline, [&] { return shared->result.has_value(); });
  if (shared->result) return *std::move(shared->result);
  shared->given_up = true;
  return error(Failure::unreachable, fmt::format("libvirt has not added a data port to {} in time: another tool holds "
                                                 "the domain, or its hypervisor hangs",
                                                 machine));
}

}  // namespace

void DataPorts::LetGo::add(std::list<Held>& port) {
  {
    const std::lock_guard lock(mutex_);
    ports_.splice(ports_.end(), port);
  }
  changed_.notify_one();
}

void DataPorts::LetGo::end() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_one();
}

std::list<DataPorts::Held> DataPorts::LetGo::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return ended_ || !ports_.empty(); });
  std::list<Held> next;
  if (!ended_) next.splice(next.end(), ports_, ports_.begin());
  return next;
}

Status DataPorts::start_unplugging() {
  const std::lock_guard lock(mutex_);
  if (unplugging_) return {};
  const Status started =
      start_thread("guest-unplug",
                   [weak = weak_from_this(), let_go = let_go_] {
                     for (std::list<Held> next = let_go->wait(); !next.empty(); next = let_go->wait())
                       if (const auto self = weak.lock()) self->unplug(next.front());
                   },
                   {.use = ThreadUse::service});
  unplugging_ = started.has_value();
  return started;
}

Result<PortPtr> DataPorts::open(const std::string& machine_id, const std::string& machine, std::string_view purpose,
                                Clock::time_point deadline) {
  const std::string number = to_lower(random_guid().substr(0, 8));
  const Held port{machine_id, fmt::format("{}{}-{}", port_alias_prefix, purpose, number)};
  std::string name = fmt::format("org.vmms.{}.{}", purpose, number);
  if (const Status ready = start_unplugging(); !ready)
    return error(Failure::busy,
                 fmt::format("no thread can be started for data ports of {}: {}", machine, ready.error().message));
  return by_deadline(deadline, machine, [self = shared_from_this(), port, machine, name = std::move(name)] {
    return self->plug(port, machine, name);
  });
}

Result<PortPtr> DataPorts::plug(const Held& port, const std::string& machine, const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    held_.insert(port);
  }
  try {
    return plug_held(port, machine, name);
  } catch (const std::exception&) {
    // Plugged in or not: from now on it is a stray one.
    const std::lock_guard lock(mutex_);
    held_.erase(port);
    throw;
  }
}

Result<PortPtr> DataPorts::plug_held(const Held& port, const std::string& machine, const std::string& name) {
  const auto failed = [&](Error why) {
    const std::lock_guard lock(mutex_);
    held_.erase(port);
    return why;
  };
  {
    auto connection = libvirt_.control(Clock::now() + connection_wait);
    if (!connection) return failed(connection.error());
    auto domain = look_up(connection->get(), port.first);
    if (!domain) return failed(domain.error());
    const std::string xml = fmt::format(
        "<channel type='unix'><target type='virtio' name='{}'/><alias name='{}'/></channel>", name, port.second);
    if (virDomainAttachDeviceFlags(domain->get(), xml.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0)
      return failed(last_error_of(fmt::format("a data port cannot be added to {}", machine)));
  }
  auto unplug_later = [let_go = let_go_, held = std::make_shared<std::list<Held>>(1, port)] { let_go->add(*held); };
  auto connection = libvirt_.stream();
  Result<PortPtr> opened = connection ? open_stream_port(*connection, port.first, name, std::move(unplug_later))
                                      : Result<PortPtr>(connection.error());
  if (!opened) unplug(port);
  return opened;
}

void DataPorts::unplug(const Held& port) {
  const auto& [machine_id, alias] = port;
  try {
    if (auto connection = libvirt_.control(Clock::now() + connection_wait)) {
      auto domain = look_up(connection->get(), machine_id);
      if (domain && virDomainDetachDeviceAlias(domain->get(), alias.c_str(), VIR_DOMAIN_AFFECT_LIVE) < 0)
        spdlog::debug("the data port {} of VM {} cannot be removed: {}", alias, machine_id, last_error().text);
    }
  } catch (const std::exception& e) {
    spdlog::warn("the data port {} of VM {} cannot be removed: {}", alias, machine_id, e.what());
  }
  const std::lock_guard lock(mutex_);
  held_.erase(port);
}

bool DataPorts::has_strays(const std::string& machine_id, const std::vector<std::string>& aliases) const {
  const std::lock_guard lock(mutex_);
  for (const std::string& alias : aliases)
    if (held_.find({machine_id, alias}) == held_.end()) return true;
  return false;
}

void DataPorts::remove_strays(const std::string& machine_id, const std::vector<std::string>& aliases) {
  for (const std::string& alias : aliases)
    if (has_strays(machine_id, {alias})) unplug({machine_id, alias});
}

}  // namespace vmms::hypervisor::libvirt
