#include "hypervisor/simulator/fleet.hpp"

#include "hypervisor/power.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <exception>

namespace vmms::hypervisor::simulator {

namespace {

bool is_connected(const MachineDescription& description) {
  return description.guest && description.guest->agent != AgentState::none;
}

VirtualMachine first_record(const NamedMachine& machine, SystemTime time) {
  const MachineDescription& description = *machine.description;
  VirtualMachine record;
  record.id = machine.id;
  record.name = machine.name;
  record.description = description.description;
  record.power = description.power;
  record.processors = description.processors;
  record.memory_bytes = description.memory_bytes;
  record.created = time;
  record.state_changed = time;
  record.configuration_changed = time;
  if (description.power == PowerState::running || description.power == PowerState::paused) record.started = time;
  record.agent_channel = description.guest != nullptr;
  record.agent_connected = record.started && is_connected(description);
  record.vsock_context = description.vsock_context;
  record.settings = description.settings;
  return record;
}

}  // namespace

SystemTime record_time() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

Error no_such_vm(std::string_view id) {
  return error(Failure::not_found, fmt::format("there is no VM with the id {}", id));
}

Fleet::Fleet(FleetDescription description)
    : information_(std::make_shared<const HostInformation>(std::move(description.host))) {
  const SystemTime time = record_time();
  if (description.connection_lost)
    health_ = error(Failure::unreachable,
                    fmt::format("the connection to the simulated hypervisor has been lost since {:%F %T} UTC: the "
                                "fleet's description says so",
                                std::chrono::floor<std::chrono::seconds>(time)));
  machines_.reserve(description.machines.size());
  for (const NamedMachine& machine : description.machines) {
    VirtualMachine record = first_record(machine, time);
    if (record.started) record.process_id = ++last_process_id_;
    index_.replace(std::move(record));
    machines_[machine.id].description = machine.description;
  }
}

Fleet::~Fleet() {
  {
    const std::lock_guard lock(timer_mutex_);
    ending_ = true;
  }
  timer_changed_.notify_all();
  timer_thread_.join();
  index_.stop_telling();
  for (auto& [id, machine] : machines_)
    if (machine.guest) machine.guest->remove();
}

// Under the lock.
Fleet::Machine* Fleet::machine(std::string_view id) {
  const auto found = machines_.find(upper_id(id));
  return found == machines_.end() ? nullptr : &found->second;
}

Status Fleet::health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

void Fleet::set_health(Status health) {
  const std::lock_guard lock(mutex_);
  health_ = std::move(health);
}

// Under the lock.
Result<Fleet::KnownMachine> Fleet::known(std::string_view id) {
  Machine* const found = machine(id);
  VirtualMachinePtr record = index_.find(id);
  if (found == nullptr || !record) return no_such_vm(id);
  return KnownMachine{std::move(record), found};
}

// Under the lock.
Result<Fleet::KnownMachine> Fleet::running(std::string_view id) {
  auto found = known(id);
  if (found && found->record->power != PowerState::running)
    return error(Failure::invalid_state,
                 fmt::format("VM \"{}\" is {}, not running", found->record->name, power_name(found->record->power)));
  return found;
}

Status Fleet::request_power(std::string_view id, PowerRequest request) {
  const std::lock_guard lock(mutex_);
  const auto found = running(id);
  if (!found) return found.error();
  const auto& [record, machine] = *found;
  if (request == PowerRequest::reboot)
    reboot(record->id, *machine);
  else
    enter(record->id, *machine, PowerState::off);
  return {};
}

// Under the lock. The VM keeps running; its guest restarts.
void Fleet::reboot(const std::string& id, Machine& machine) {
  ++machine.runs;
  enter_agent(id, machine, AgentState::none);
  machine.guest->boot(Clock::now());
  if (!machine.description->guest) return;
  if (machine.description->guest->boot_time > milliseconds(0))
    connect_agent_later(id, machine);
  else
    enter_agent(id, machine, machine.description->guest->agent);
}

// Under the lock. A VM that was paused or saved goes on where it was; one that was off boots.
void Fleet::enter(const std::string& id, Machine& machine, PowerState power) {
  const VirtualMachinePtr before = index_.find(id);
  const bool runs = power == PowerState::running || power == PowerState::paused;
  const bool boots = power == PowerState::running && before->power == PowerState::off;
  const bool later = boots && machine.description->guest && machine.description->guest->boot_time > milliseconds(0);
  if (power == PowerState::off || boots) ++machine.runs;
  if (machine.guest) {
    if (boots) {
      machine.guest->boot(Clock::now());
      machine.guest->set_agent(later || !is_connected(*machine.description) ? AgentState::none
                                                                            : machine.description->guest->agent);
    } else {
      machine.guest->set_power(power);
    }
  }
  index_.update(id, [&](VirtualMachine& record) {
    record.power = power;
    record.state_changed = record_time();
    if (boots || !record.started) record.started = record_time();
    if (runs && !record.process_id) record.process_id = ++last_process_id_;
    if (!runs) {
      record.started.reset();
      record.process_id.reset();
    }
    if (boots || before->power == PowerState::saved)
      record.agent_connected = !later && is_connected(*machine.description);
    if (!runs) record.agent_connected = false;
  });
  if (later) connect_agent_later(id, machine);
}

void Fleet::connect_agent_later(const std::string& id, Machine& booting) {
  const std::lock_guard lock(timer_mutex_);
  timers_.emplace(Clock::now() + booting.description->guest->boot_time, [this, id, run = booting.runs] {
    const std::lock_guard machines_lock(mutex_);
    Machine* const found = machine(id);
    if (found != nullptr && found->runs == run) enter_agent(id, *found, found->description->guest->agent);
  });
  if (!timer_thread_.joinable()) {
    auto started = Thread::start("simulator", [this] { run_timers(); }, {.use = ThreadUse::service});
    if (started)
      timer_thread_ = std::move(*started);
    else  // the next timer tries again
      spdlog::warn("agents of the simulated fleet connect late: no thread can be started: {}", started.error().message);
  }
  timer_changed_.notify_all();
}

void Fleet::run_timers() {
  std::unique_lock lock(timer_mutex_);
  while (!ending_) {
    if (timers_.empty()) {
      timer_changed_.wait(lock);
      continue;
    }
    const auto next = timers_.begin();
    if (Clock::now() < next->first) {
      const Clock::time_point due = next->first;  // a copy: that timer may end meanwhile
      timer_changed_.wait_until(lock, due);
      continue;
    }
    const auto action = std::move(next->second);
    timers_.erase(next);
    lock.unlock();
    try {
      action();
    } catch (const std::exception& e) {
      spdlog::error("the simulated fleet: {}", e.what());
    }
    lock.lock();
  }
}

std::shared_ptr<SimulatedGuest> Fleet::guest(std::string_view id) {
  const std::lock_guard lock(mutex_);
  Machine* const found = machine(id);
  return found == nullptr ? nullptr : guest_of(upper_id(id), *found);
}

// Under the lock.
std::shared_ptr<SimulatedGuest> Fleet::guest_of(const std::string& id, Machine& machine) {
  if (!machine.guest) {
    const VirtualMachinePtr record = index_.find(id);
    machine.guest = std::make_shared<SimulatedGuest>(record->name, machine.description->guest);
    machine.guest->set_power(record->power);
    if (!record->agent_connected) machine.guest->set_agent(AgentState::none);
    machine.guest->on_shutdown([this, id](PowerRequest request) { request_power(id, request); });
  }
  return machine.guest;
}

// Under the lock.
void Fleet::enter_agent(const std::string& id, Machine& machine, AgentState agent) {
  guest_of(id, machine)->set_agent(agent);
  index_.update(id, [&](VirtualMachine& record) { record.agent_connected = agent != AgentState::none; });
}

void Fleet::set_agent(std::string_view id, AgentState agent) {
  const std::lock_guard lock(mutex_);
  if (Machine* const found = machine(id); found != nullptr) enter_agent(upper_id(id), *found, agent);
}

void Fleet::set_power(std::string_view id, PowerState power) {
  const std::lock_guard lock(mutex_);
  if (Machine* const found = machine(id); found != nullptr) enter(upper_id(id), *found, power);
}

void Fleet::remove(std::string_view id) {
  const std::lock_guard lock(mutex_);
  if (Machine* const found = machine(id); found != nullptr && found->guest) found->guest->remove();
  machines_.erase(upper_id(id));
  index_.erase(id);
}

}  // namespace vmms::hypervisor::simulator
