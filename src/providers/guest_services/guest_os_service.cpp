// Vmms_GuestOSService: the services of the guest's own service manager, such as systemd units.
#include "base/case_folding.hpp"
#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "providers/common/parallel.hpp"
#include "providers/guest_services/guest_services.hpp"
#include "schema/Vmms_GuestOSService.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace vmms::providers {

namespace {

using guest::Service;
using guest::StartMode;
using hypervisor::VirtualMachine;
using hypervisor::VirtualMachinePtr;
using schema::vmms::GuestOSService;

// One state, shown by every property that clients read.
void tell_state(GuestOSService& instance, const Service& service) {
  using EnabledState = GuestOSService::EnabledState;
  using OperationalStatus = GuestOSService::OperationalStatus;
  using RequestedState = GuestOSService::RequestedState;
  using TransitioningToState = GuestOSService::TransitioningToState;
  instance.started = service.started();
  instance.requested_state = RequestedState::not_applicable;
  instance.transitioning_to_state = TransitioningToState::not_applicable;
  instance.health_state = GuestOSService::HealthState::ok;
  instance.status = "OK";
  if (service.started()) {
    instance.enabled_state = EnabledState::enabled;
    instance.operational_status = {{OperationalStatus::ok}};
  } else if (service.active_state == "activating") {
    instance.enabled_state = EnabledState::starting;
    instance.operational_status = {{OperationalStatus::starting}};
    instance.status = "Starting";
    instance.requested_state = RequestedState::enabled;
    instance.transitioning_to_state = TransitioningToState::enabled;
  } else if (service.active_state == "deactivating") {
    instance.enabled_state = EnabledState::shutting_down;
    instance.operational_status = {{OperationalStatus::stopping}};
    instance.status = "Stopping";
    instance.requested_state = RequestedState::disabled;
    instance.transitioning_to_state = TransitioningToState::disabled;
  } else if (service.active_state == "failed") {
    instance.enabled_state = EnabledState::disabled;
    instance.operational_status = {{OperationalStatus::error, OperationalStatus::stopped}};
    instance.health_state = GuestOSService::HealthState::major_failure;
    instance.status = "Error";
  } else {
    instance.enabled_state = EnabledState::disabled;
    instance.operational_status = {{OperationalStatus::stopped}};
  }
  std::string text = fmt::format("{} ({})", service.active_state, service.sub_state);
  if (service.active_state == "failed" && !service.result.empty()) text += ": " + service.result;
  if (service.load_state != "loaded") text += ", " + service.load_state;
  instance.status_descriptions = {{std::move(text)}};
  // One description an operational status, as CIM_ManagedSystemElement asks for.
  if (instance.operational_status->size() == 2) instance.status_descriptions->push_back("stopped");
}

std::string_view word_of(StartMode mode) {
  switch (mode) {
    case StartMode::automatic:
      return "Automatic";
    case StartMode::manual:
      return "Manual";
    case StartMode::disabled:
      return "Disabled";
  }
  return "";
}

// Exactly as ValueMap has it, but for case.
std::optional<StartMode> start_mode_of(std::string_view word) {
  for (const StartMode mode : {StartMode::automatic, StartMode::manual, StartMode::disabled})
    if (equals_no_case(word, word_of(mode))) return mode;
  return std::nullopt;
}

std::optional<std::string> text_or_null(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text;
}

GuestOSService instance_of(const VirtualMachine& machine, const Service& service) {
  GuestOSService instance;
  instance.creation_class_name = "Vmms_GuestOSService";
  instance.system_creation_class_name = std::string(computer_system_class);
  instance.system_name = machine.id;
  instance.name = service.name;
  instance.element_name = service.name;
  instance.caption = service.name.substr(0, 64);  // MaxLen
  instance.description = text_or_null(service.description);
  tell_state(instance, service);
  instance.start_mode = std::string(word_of(service.start_mode()));
  using EnabledDefault = GuestOSService::EnabledDefault;
  instance.enabled_default =
      service.start_mode() == StartMode::automatic ? EnabledDefault::enabled : EnabledDefault::disabled;
  if (service.state_changed) instance.time_of_last_state_change = cim::DateTime::timestamp(*service.state_changed);
  instance.load_state = text_or_null(service.load_state);
  instance.active_state = text_or_null(service.active_state);
  instance.sub_state = text_or_null(service.sub_state);
  instance.unit_file_state = text_or_null(service.unit_file_state);
  instance.service_type = text_or_null(service.type);
  instance.result = text_or_null(service.result);
  instance.main_process_id = service.main_process_id;
  instance.exit_status = service.exit_status;
  instance.exit_signal = service.exit_signal;
  return instance;
}

std::string where(const VirtualMachine& machine, const Service& service) {
  return fmt::format("service '{}' of virtual machine '{}'", service.name, machine.name);
}

// systemd keeps the result of the previous failure, if there was one; the rest is in the log.
bool hit_start_limit(const guest::ServiceOutcome& outcome) {
  return outcome.service.result == "start-limit-hit" ||
         std::any_of(outcome.log_lines.begin(), outcome.log_lines.end(), [](const std::string& line) {
           return line.find("Start request repeated too quickly") != std::string::npos;
         });
}

// What the service manager wrote, as the end of a sentence of ours.
std::string said(const guest::ServiceOutcome& outcome) {
  std::string_view message = outcome.message;
  while (message.ends_with('.') || message.ends_with('\n') || message.ends_with(' ')) message.remove_suffix(1);
  return message.empty() ? std::string() : "; the service manager says: " + std::string(message);
}

// How a failed start or stop looked in the guest.
std::string evidence(const guest::ServiceOutcome& outcome) {
  const Service& service = outcome.service;
  std::string text = fmt::format("state {} ({})", service.active_state, service.sub_state);
  if (!service.result.empty() && service.result != "success") text += ", result " + service.result;
  if (service.exit_status) text += fmt::format(", exit status {}", *service.exit_status);
  if (service.exit_signal) text += fmt::format(", ended by signal {}", *service.exit_signal);
  if (hit_start_limit(outcome))
    text +=
        " (start-limit-hit: it was started too often in a short time; wait, or run systemctl reset-failed in the "
        "guest)";
  text += said(outcome);
  if (!outcome.log_lines.empty()) {
    text += "; last log lines:";
    for (const std::string& line : outcome.log_lines) text += "\n  " + line;
  }
  return text;
}

Status judge_start(const VirtualMachine& machine, const guest::ServiceOutcome& outcome) {
  const Service& service = outcome.service;
  if (service.started()) return {};
  if (!service.exists() && service.load_state != "masked")
    return error(Failure::not_found, fmt::format("there is no {}", where(machine, service)));
  if (outcome.unmet != guest::Unmet::none)
    return error(
        Failure::failed,
        fmt::format("{} was not started: {} of its unit does not hold, so systemd started nothing; the guest shows the "
                    "unit with: systemctl cat {}; {}",
                    where(machine, service),
                    outcome.unmet == guest::Unmet::condition ? "a condition (Condition…=)" : "an assertion (Assert…=)",
                    shell_word(service.name), evidence(outcome)));
  // A oneshot that did its work and is done, RemainAfterExit or not.
  if (outcome.exit_status == 0 && service.type == "oneshot" && service.active_state == "inactive" &&
      service.result == "success")
    return {};
  std::string_view mode;
  if (service.start_mode() == StartMode::disabled) mode = ", since its start mode is Disabled";
  std::string text = fmt::format("{} did not start{}: {}", where(machine, service), mode, evidence(outcome));
  if (!mode.empty())
    text += fmt::format("\nAllow it to start with: vmms service mode {} {} manual", command_word(machine),
                        shell_word(service.name));
  return error(Failure::failed, std::move(text));
}

Status judge_stop(const VirtualMachine& machine, const guest::ServiceOutcome& outcome) {
  const Service& service = outcome.service;
  if (!service.exists() && service.load_state != "masked")
    return error(Failure::not_found, fmt::format("there is no {}", where(machine, service)));
  if (service.active_state == "inactive" || service.active_state == "failed") return {};
  return error(Failure::failed, fmt::format("{} did not stop: {}", where(machine, service), evidence(outcome)));
}

Status judge_mode(const VirtualMachine& machine, const guest::ServiceOutcome& outcome, StartMode mode) {
  const Service& service = outcome.service;
  if (!service.exists() && service.load_state != "masked")
    return error(Failure::not_found, fmt::format("there is no {}", where(machine, service)));
  if (outcome.exit_status == 0 && service.start_mode() == mode) return {};
  std::string text =
      fmt::format("{} is not {} but {}", where(machine, service), word_of(mode), word_of(service.start_mode()));
  if (!service.unit_file_state.empty()) text += fmt::format(" ({})", service.unit_file_state);
  text += said(outcome);
  return error(Failure::failed, std::move(text));
}

class GuestOSServiceProvider : public schema::vmms::GuestOSServiceProvider {
 public:
  explicit GuestOSServiceProvider(Environment& environment) : environment_(environment) {}

  // By virtual machine, then by name.
  void enumerate(const cim::Context& context, const cim::TypedQuery<GuestOSService>& query,
                 cim::PageOf<GuestOSService>& page) override {
    const std::string from = query.after ? query.after->system_name : std::string();
    // As many guests are asked at the same time as a page needs, each taken to have a few services at least.
    const std::size_t at_once = std::min(most_in_parallel, 1 + query.limit / 4);
    std::vector<VirtualMachinePtr> machines;
    for_each_machine(environment_, query.keys.system_name, from, [&](const VirtualMachinePtr& machine) {
      if (machine->id < from || !is_active(*machine) || !interface_enabled(environment_, *machine)) return true;
      if (page.full()) return false;
      machines.push_back(machine);
      return machines.size() < at_once || add_services(context, query, std::exchange(machines, {}), page);
    });
    add_services(context, query, machines, page);
  }

  Result<GuestOSService> get(const cim::Context& context, const Key& key) override {
    const auto machine = find_active_machine(environment_, key.system_name);
    if (!machine) return machine.error();
    if (!interface_enabled(environment_, **machine))
      return error(
          Failure::not_found,
          fmt::format("service '{}' of virtual machine '{}' cannot be seen: its Guest Service Interface is off; "
                      "enable it with: vmms guest enable {}",
                      key.name, (*machine)->name, command_word(**machine)));
    if (const Status reachable = check_reachable(**machine); !reachable) return reachable.error();
    const auto guest = environment_.guests.find((*machine)->id);
    if (!guest) return error(Failure::not_found, fmt::format("virtual machine '{}' is gone", (*machine)->name));
    const auto service = guest->service(key.name, guest_deadline(context));
    if (service) return instance_of(**machine, *service);
    // Without an agent that allows it there are no instances; the reason is worth a report.
    Error why = in_words(service.error(), key, **machine, *guest);
    if (why.kind == Failure::not_supported) why.kind = Failure::not_found;
    return why;
  }

  Result<StartService::Out> invoke(const cim::Context& context, StartService, const Key& key,
                                   const StartService::In&) override {
    return answer<StartService::Out>(act(context, key, ServiceAction::start));
  }
  Result<StopService::Out> invoke(const cim::Context& context, StopService, const Key& key,
                                  const StopService::In&) override {
    return answer<StopService::Out>(act(context, key, ServiceAction::stop));
  }
  Result<ChangeStartMode::Out> invoke(const cim::Context& context, ChangeStartMode, const Key& key,
                                      const ChangeStartMode::In& in) override {
    const auto mode = start_mode_of(in.start_mode.value_or(""));
    if (!mode)
      return error(Failure::invalid_argument,
                   fmt::format("ChangeStartMode needs StartMode: Automatic, Manual or Disabled, not \"{:.100}\"",
                               in.start_mode.value_or("")));
    return answer<ChangeStartMode::Out>(
        act_on_service(environment_, key.system_name, key.name, ServiceAction::change_mode,
                       [&](const ServiceTarget& target) -> Status {
                         const auto outcome = target.guest->change_start_mode(key.name, *mode, guest_deadline(context));
                         if (!outcome) return in_words(outcome.error(), key, *target.machine, *target.guest);
                         return judge_mode(*target.machine, *outcome, *mode);
                       }));
  }
  Result<RequestStateChange::Out> invoke(const cim::Context& context, RequestStateChange, const Key& key,
                                         const RequestStateChange::In& in) override {
    return answer<RequestStateChange::Out>(change_service_state(
        in.requested_state, in.timeout_period, [&](ServiceAction action) { return act(context, key, action); }));
  }

 private:
  static Error in_words(const Error& why, const Key& key, const VirtualMachine& machine, const guest::Guest& guest) {
    // Clients may give the suffix everywhere; only systemd's names have it.
    std::string_view name = key.name;
    const auto known = guest.known_capabilities();
    constexpr std::string_view suffix = ".service";
    if (known && !known->service_manager.empty() && known->service_manager != "systemd" && name.ends_with(suffix))
      name.remove_suffix(suffix.size());
    std::string text = fmt::format("service '{}' of virtual machine '{}': {}", name, machine.name, why.message);
    if (why.kind == Failure::not_found)
      text += fmt::format("; those that are there: vmms service list {}", command_word(machine));
    return error(why.kind, std::move(text));
  }

  Result<ServiceAnswer> act(const cim::Context& context, const Key& key, ServiceAction action) {
    return act_on_service(environment_, key.system_name, key.name, action, [&](const ServiceTarget& target) -> Status {
      const auto deadline = guest_deadline(context);
      const auto outcome = action == ServiceAction::start ? target.guest->start_service(key.name, deadline)
                                                          : target.guest->stop_service(key.name, deadline);
      if (!outcome) return in_words(outcome.error(), key, *target.machine, *target.guest);
      return action == ServiceAction::start ? judge_start(*target.machine, *outcome)
                                            : judge_stop(*target.machine, *outcome);
    });
  }

  using Services = std::shared_ptr<const std::map<std::string, Service>>;

  // False when the page is full.
  bool add_services(const cim::Context& context, const cim::TypedQuery<GuestOSService>& query,
                    const std::vector<VirtualMachinePtr>& machines, cim::PageOf<GuestOSService>& page) {
    std::vector<std::optional<Result<Services>>> found(machines.size());
    in_parallel(offer_for(environment_, context), machines.size(),
                [&](std::size_t i) { found[i] = services_of(context, query, *machines[i]); });
    for (std::size_t i = 0; i < machines.size(); ++i) {
      const VirtualMachine& machine = *machines[i];
      const Result<Services>& services = *found[i];
      if (!services) {
        // An agent that is not there or does not allow it means no instances; one that does not answer means unknown.
        const Error& why = services.error();
        if (const Status reachable = check_reachable(machine); !reachable)
          page.fail(reachable.error());  // it names the machine
        else if (why.kind != Failure::not_supported)
          page.fail(error(why.kind, fmt::format("services of virtual machine '{}': {}", machine.name, why.message)));
        continue;
      }
      if (!*services) continue;
      const bool resumed = is_resumed(query, machine);
      for (auto next = resumed ? (*services)->upper_bound(query.after->name) : (*services)->begin();
           next != (*services)->end(); ++next) {
        if (query.keys.name && !equals_folded(*query.keys.name, next->first)) continue;
        if (page.full()) return false;
        page.add(instance_of(machine, next->second));
      }
    }
    return true;
  }

  // Null for a guest that is gone.
  Result<Services> services_of(const cim::Context& context, const cim::TypedQuery<GuestOSService>& query,
                               const VirtualMachine& machine) {
    if (const Status reachable = check_reachable(machine); !reachable) return reachable.error();
    const auto guest = environment_.guests.find(machine.id);
    if (!guest) return Services();
    using guest::Guest;
    return guest->services(guest_deadline(context),
                           is_resumed(query, machine) ? Guest::Page::further : Guest::Page::first,
                           query.keys.system_name ? Guest::Patience::whole : Guest::Patience::little);
  }

  // Whether the page before ended within this machine's services.
  static bool is_resumed(const cim::TypedQuery<GuestOSService>& query, const VirtualMachine& machine) {
    return query.after && query.after->system_name == machine.id;
  }

  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::vmms::GuestOSServiceProvider> make_provider(Environment& environment) {
  return std::make_unique<GuestOSServiceProvider>(environment);
}

}  // namespace vmms::providers
