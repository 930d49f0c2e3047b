// Msvm_ComputerSystem: the host itself and its virtual machines.
#include "base/case_folding.hpp"
#include "providers/integration/guest_shutdown.hpp"
#include "schema/Msvm_ComputerSystem.hpp"

#include <algorithm>
#include <iterator>

namespace vmms::providers {

namespace {

using hypervisor::PowerState;
using hypervisor::VirtualMachine;
using hypervisor::VirtualMachinePtr;
using schema::msvm::ComputerSystem;

using EnabledState = ComputerSystem::EnabledState;

EnabledState enabled_state(PowerState power) {
  switch (power) {
    case PowerState::running:
      return EnabledState::running;
    case PowerState::off:
      return EnabledState::off;
    case PowerState::stopping:
      return EnabledState::stopping;
    case PowerState::saved:
      return EnabledState::saved;
    case PowerState::paused:
      return EnabledState::paused;
    case PowerState::starting:
      return EnabledState::starting;
  }
  return EnabledState{};
}

std::optional<cim::DateTime> datetime(const std::optional<hypervisor::SystemTime>& time) {
  if (!time) return std::nullopt;
  return cim::DateTime::timestamp(*time);
}

// While the connection to the hypervisor is lost, its state and that of its machines are unknown.
void tell_lost_hypervisor(const Environment& environment, ComputerSystem& system) {
  const Status health = environment.host.machine().health();
  if (health) return;
  system.status_descriptions = {{health.error().message}};
  system.operational_status = {{ComputerSystem::OperationalStatus::lost_communication}};
  system.health_state = ComputerSystem::HealthState::major_failure;
  system.status = "Lost Comm";
}

ComputerSystem host_instance(const Environment& environment) {
  const auto host = environment.host.machine().information();
  ComputerSystem system;
  system.caption = "Hosting Computer System";
  system.description = "Microsoft Hosting Computer System";
  system.name = system.element_name = host->name;
  system.enabled_default = ComputerSystem::EnabledDefault::enabled;
  system.enabled_state = EnabledState::running;
  system.requested_state = ComputerSystem::RequestedState::not_applicable;
  system.number_of_numa_nodes = static_cast<std::uint16_t>(host->numa_nodes);
  system.status_descriptions = {{"OK"}};
  tell_lost_hypervisor(environment, system);
  // Properties that only virtual machines have are NULL on the host.
  system.enhanced_session_mode_state.reset();
  system.failed_over_replication_type.reset();
  system.last_application_consistent_replication_time.reset();
  system.last_replication_time.reset();
  system.last_replication_type.reset();
  system.on_time_in_milliseconds.reset();
  system.replication_health.reset();
  system.replication_mode.reset();
  system.replication_state.reset();
  system.time_of_last_configuration_change.reset();
  system.time_of_last_state_change.reset();
  return system;
}

// Sets all properties in which virtual machines differ: `system` may hold those of another one.
void describe(const VirtualMachine& machine, std::chrono::system_clock::time_point now, ComputerSystem& system) {
  system.name = machine.id;
  system.element_name = machine.name;
  const bool on = machine.power != PowerState::off && machine.power != PowerState::saved;
  system.enabled_state = enabled_state(machine.power);
  using EnabledDefault = ComputerSystem::EnabledDefault;
  system.enabled_default = machine.power == PowerState::off ? EnabledDefault::disabled : EnabledDefault::enabled;
  system.requested_state = ComputerSystem::RequestedState::no_change;
  using EnhancedSession = ComputerSystem::EnhancedSessionModeState;
  system.enhanced_session_mode_state =
      machine.power == PowerState::running ? EnhancedSession::allowed_and_available : EnhancedSession::not_allowed;
  system.process_id = machine.process_id;
  system.on_time_in_milliseconds = 0;
  if (on && machine.started) {
    const auto up = now - *machine.started;
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(up).count();
    system.on_time_in_milliseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(0, milliseconds));
  }
  system.install_date = datetime(machine.created);
  system.time_of_last_configuration_change = datetime(machine.configuration_changed);
  // A machine that never changed state shows the zero of Windows' clock.
  system.time_of_last_state_change = machine.state_changed ? *datetime(machine.state_changed) : cim::DateTime();
}

using RequestedState = ComputerSystem::RequestStateChange::RequestedState;

/// A state that clients may ask for, and what is done then.
struct Transition {
  RequestedState requested_state;
  const char* caption;  ///< of the job
  bool (*possible)(PowerState);
  Status (*run)(const Environment&, const std::string& id);
};

Status end_guest(const Environment& environment, const std::string& id, guest::ShutdownMode mode) {
  return shut_down_guest(environment, id, mode, guest::Clock::now() + std::chrono::seconds(10));
}

constexpr Transition transitions[] = {
    {RequestedState::enabled, "Starting Virtual Machine",
     [](PowerState power) {
       return power != PowerState::running && power != PowerState::starting && power != PowerState::stopping;
     },
     [](const Environment& environment, const std::string& id) { return environment.host.machines().start(id); }},
    {RequestedState::disabled, "Turning Off Virtual Machine",
     [](PowerState power) { return power != PowerState::off && power != PowerState::stopping; },
     [](const Environment& environment, const std::string& id) { return environment.host.machines().turn_off(id); }},
    {RequestedState::shut_down, "Shutting Down Virtual Machine",
     [](PowerState power) { return power == PowerState::running; },
     [](const Environment& environment, const std::string& id) {
       return end_guest(environment, id, guest::ShutdownMode::power_down);
     }},
    {RequestedState::offline, "Saving Virtual Machine",
     [](PowerState power) { return power == PowerState::running || power == PowerState::paused; },
     [](const Environment& environment, const std::string& id) { return environment.host.machines().save(id); }},
    {RequestedState::quiesce, "Pausing Virtual Machine", [](PowerState power) { return power == PowerState::running; },
     [](const Environment& environment, const std::string& id) { return environment.host.machines().pause(id); }},
    {RequestedState::reboot, "Rebooting Virtual Machine", [](PowerState power) { return power == PowerState::running; },
     [](const Environment& environment, const std::string& id) {
       return end_guest(environment, id, guest::ShutdownMode::reboot);
     }},
    {RequestedState::reset, "Resetting Virtual Machine", [](PowerState power) { return power == PowerState::running; },
     [](const Environment& environment, const std::string& id) { return environment.host.machines().reset(id); }},
};

/// The transition to a state that a client asked for; nullptr: there is none.
const Transition* find_transition(std::optional<RequestedState> requested) {
  // Clients of the first namespace version still ask for its numbers.
  if (requested == RequestedState::paused) requested = RequestedState::quiesce;
  if (requested == RequestedState::suspended) requested = RequestedState::offline;
  const auto* const found = std::find_if(std::begin(transitions), std::end(transitions),
                                         [&](const Transition& each) { return requested == each.requested_state; });
  return found == std::end(transitions) ? nullptr : found;
}

class ComputerSystemProvider : public schema::msvm::ComputerSystemProvider {
 public:
  explicit ComputerSystemProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<ComputerSystem>& query,
                 cim::PageOf<ComputerSystem>& page) override {
    // Virtual machines by id; the host comes last, since any name may stand among the ids.
    const auto information = environment_.host.machine().information();
    const std::string& host = information->name;
    const bool after_host = query.after && query.after->name == host;
    if (after_host) return;
    const auto now = std::chrono::system_clock::now();
    ComputerSystem system;
    tell_lost_hypervisor(environment_, system);
    const std::string after = query.after ? query.after->name : std::string();
    const auto visit = [&](const VirtualMachinePtr& machine) {
      if (!after.empty() && machine->id == after) return true;
      if (page.full()) return false;
      describe(*machine, now, system);
      page.add(system);
      return true;
    };
    for_each_machine(environment_, query.keys.name, after, visit, query.limit + 1);
    if (page.more()) return;
    if (query.keys.name && !equals_folded(*query.keys.name, host)) return;
    if (!page.full()) page.add(host_instance(environment_));
  }

  Result<ComputerSystem> get(const cim::Context&, const Key& key) override {
    if (equals_folded(key.name, environment_.host.machine().information()->name)) return host_instance(environment_);
    const auto machine = find_machine(environment_, key.name);
    if (!machine) return machine.error();
    ComputerSystem system;
    tell_lost_hypervisor(environment_, system);
    describe(**machine, std::chrono::system_clock::now(), system);
    return system;
  }

  using RequestStateChange = ComputerSystem::RequestStateChange;
  using Code = RequestStateChange::Code;
  Result<RequestStateChange::Out> invoke(const cim::Context& context, RequestStateChange, const Key& key,
                                         const RequestStateChange::In& in) override {
    if (equals_folded(key.name, environment_.host.machine().information()->name))
      return error(Failure::not_supported, "the state of the host itself is not changed by this call");
    const auto machine = find_machine(environment_, key.name);
    if (!machine) return machine.error();
    const VirtualMachine& vm = **machine;
    RequestStateChange::Out out;
    const Transition* const transition = find_transition(in.requested_state);
    if (!transition || !transition->possible(vm.power)) {
      out.return_value = transition ? Code::invalid_state_for_this_operation : Code::invalid_parameter;
      return out;
    }
    const std::string id = vm.id;
    auto job = environment_.jobs.start(
        transition->caption, context, computer_system_path(id).to_string(), id,
        [&environment = environment_, id, run = transition->run] { return run(environment, id); });
    if (!job) return job.error();
    out.return_value = Code::method_parameters_checked_transition_started;
    out.job = job_path(*job);
    return out;
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::ComputerSystemProvider> make_provider(Environment& environment) {
  return std::make_unique<ComputerSystemProvider>(environment);
}

}  // namespace vmms::providers
