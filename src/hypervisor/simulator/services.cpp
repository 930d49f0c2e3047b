#include "hypervisor/simulator/services.hpp"

#include "base/text.hpp"
#include "guest/services/unit_name.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace vmms::hypervisor::simulator {

namespace {

constexpr std::uint32_t signal_kill = 9;
constexpr std::size_t log_lines = 5;
constexpr std::size_t units_limit = 10000;
// Process 1 answers with these for what was never run.
constexpr std::string_view never_run = "success";

guest::Service unknown(std::string_view name) {
  guest::Service service;
  service.name = name;
  service.description = name;
  service.load_state = "not-found";
  service.active_state = "inactive";
  service.sub_state = "dead";
  service.result = never_run;
  return service;
}

std::string show_text(const guest::Service& service, const std::vector<std::string>& aliases) {
  std::string names = service.name;
  for (const std::string& alias : aliases) names += " " + alias;
  std::string changed;
  if (service.state_changed) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*service.state_changed);
    changed =
        fmt::format("{:%a %Y-%m-%d %H:%M:%S}.{:06} UTC", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                    (*service.state_changed - seconds).count());
  }
  const int code = service.exit_status ? 1 : service.exit_signal ? 2 : 0;
  return fmt::format(
      "Type={}\nMainPID={}\nResult={}\nExecMainCode={}\nExecMainStatus={}\nId={}\nNames={}\nDescription={}\nLoadState={"
      "}\n"
      "ActiveState={}\nSubState={}\nUnitFileState={}\nStateChangeTimestamp={}\n",
      service.type, service.main_process_id, service.result, code,
      service.exit_status.value_or(service.exit_signal.value_or(0)), service.name, names, service.description,
      service.load_state, service.active_state, service.sub_state, service.unit_file_state, changed);
}

// "worker@.service" of "worker@7.service"; empty for what is no instance.
std::string template_of(std::string_view name) {
  const std::size_t at = name.find('@');
  return at == std::string_view::npos ? std::string() : std::string(name.substr(0, at)) + "@.service";
}

}  // namespace

const ServiceDescription* Services::describe(std::string_view name, std::string& canonical) const {
  const std::string of_template = template_of(name);
  // Windows' names have no case.
  const auto same = [&](std::string_view each) {
    return guest_->manager == ManagerState::windows ? equals_no_case(each, name) : each == name;
  };
  for (const ServiceDescription& service : guest_->services) {
    if (!same(service.name) && std::none_of(service.aliases.begin(), service.aliases.end(), same)) continue;
    canonical = service.name;
    return &service;
  }
  for (const ServiceDescription& service : guest_->services) {
    if (of_template.empty() || service.name != of_template) continue;
    canonical = name;
    return &service;
  }
  return nullptr;
}

guest::Service Services::initial(const ServiceDescription& description, const std::string& name) const {
  guest::Service service = unknown(name);
  service.description = description.description;
  service.load_state = description.masked ? "masked" : "loaded";
  service.unit_file_state = description.masked ? "masked" : description.unit_file_state;
  service.type = description.type;
  const bool from_template = name != description.name;
  if (from_template || description.masked || description.active_state == "inactive") return service;
  service.active_state = description.active_state;
  if (description.active_state == "failed") {
    service.sub_state = "failed";
    service.result = "exit-code";
    service.exit_status = description.exit_status;
  } else {
    service.sub_state = description.type == "oneshot" ? "exited" : "running";
    // The same one each time it is asked, though the service has no own state yet.
    if (description.type != "oneshot")
      service.main_process_id = 300 + static_cast<std::uint32_t>(&description - guest_->services.data());
  }
  return service;
}

Services::Unit* Services::unit(std::string_view name) {
  std::string canonical;
  const ServiceDescription* description = describe(name, canonical);
  if (description == nullptr) return nullptr;
  if (units_.size() >= units_limit && units_.find(canonical) == units_.end()) return nullptr;
  const auto [found, added] = units_.try_emplace(canonical);
  if (added) {
    found->second.description = description;
    found->second.state = initial(*description, canonical);
  }
  return &found->second;
}

guest::Service Services::state(const std::string& name, const ServiceDescription& description) const {
  const auto found = units_.find(name);
  return found == units_.end() ? initial(description, name) : found->second.state;
}

Services::Ticket Services::ticket() { return ++last_ticket_; }

Services::Ticket Services::ended_ticket(Ended end) {
  ended_[++last_ticket_] = std::move(end);
  return last_ticket_;
}

void Services::end(const std::vector<Ticket>& tickets, const Ended& how) {
  for (const Ticket each : tickets) ended_[each] = how;
}

void Services::enter(Unit& unit, std::string_view active_state, std::string_view sub_state) {
  unit.state.active_state = active_state;
  unit.state.sub_state = sub_state;
  unit.state.state_changed = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

// Process 1 forgets a unit that is dead.
void Services::unload(Unit& unit) {
  unit.state.active_state = "inactive";
  unit.state.sub_state = "dead";
  unit.state.result = never_run;
  unit.state.main_process_id = 0;
  unit.state.exit_status.reset();
  unit.state.exit_signal.reset();
  unit.state.state_changed.reset();
}

void Services::fail(Unit& unit, std::string_view result, std::vector<std::string> log) {
  enter(unit, "failed", "failed");
  unit.state.result = result;
  unit.state.main_process_id = 0;
  std::move(log.begin(), log.end(), std::back_inserter(unit.log));
}

Services::Ended Services::change_mode(std::string_view name, std::string_view verb) {
  Unit* found = unit(name);
  if (found == nullptr && guest_->manager != ManagerState::systemd) return no_such_service(guest_->manager, verb, name);
  if (found == nullptr) return {1, fmt::format("Failed to {} unit: Unit file {} does not exist.\n", verb, name)};
  guest::Service& state = found->state;
  const std::string& file = found->description->unit_file_state;
  if (verb == "mask") {
    state.load_state = state.unit_file_state = "masked";
    return {};
  }
  state.load_state = "loaded";
  // What has no [Install] section stays what it is.
  const bool fixed = file != "enabled" && file != "disabled";
  state.unit_file_state = fixed ? file : verb == "enable" ? "enabled" : "disabled";
  if (fixed && verb == "enable")
    return {0, "The unit files have no installation config (WantedBy=, RequiredBy=, Also=, Alias= settings).\n"};
  return {};
}

Services::Ticket Services::start(std::string_view name, Clock::time_point now) {
  advance(now);
  Unit* found = unit(name);
  if (found == nullptr) return ended_ticket(no_such_service(guest_->manager, "start", name));
  if (found->state.load_state == "masked") return ended_ticket(start_forbidden(guest_->manager, found->state.name));
  if (found->job && !found->job->start) {
    found->start_after_stop.push_back(ticket());
    return last_ticket_;
  }
  if (found->job) {
    found->job->tickets.push_back(ticket());
    return last_ticket_;
  }
  if (found->state.started()) return ended_ticket({});
  const StartBehaviour start = found->description->start;
  if (start == StartBehaviour::condition || start == StartBehaviour::assertion) return refuse(*found);
  const Ticket mine = ticket();
  begin_start(*found, {mine}, now);
  advance(now);
  return mine;
}

// Nothing is started: what the unit wants does not hold.
Services::Ticket Services::refuse(Unit& unit) {
  const std::string& name = unit.state.name;
  const bool condition = unit.description->start == StartBehaviour::condition;
  unit.log = {condition ? name + " was skipped because of an unmet condition check (ConditionPathExists=/nope)."
                        : name + ": Starting requested but asserts failed."};
  ended_[++last_ticket_] =
      condition ? Ended{0, {}, "condition"} : Ended{1, "Assertion failed on job for " + name + ".\n", "assertion"};
  return last_ticket_;
}

void Services::begin_start(Unit& unit, std::vector<Ticket> tickets, Clock::time_point now) {
  const ServiceDescription& description = *unit.description;
  enter(unit, "activating", "start");
  unit.state.result = never_run;
  unit.state.exit_status.reset();
  unit.state.exit_signal.reset();
  unit.state.main_process_id = ++last_process_;
  unit.log = description.log;
  unit.job = Job{true, {}, std::move(tickets)};
  if (description.start != StartBehaviour::hang) unit.job->end = now + description.start_time;
}

void Services::finish_start(Unit& unit) {
  const ServiceDescription& description = *unit.description;
  const Job job = *std::move(unit.job);
  unit.job.reset();
  if (description.start == StartBehaviour::ok) {
    if (description.type != "oneshot") {
      enter(unit, "active", "running");
    } else {
      unit.state.main_process_id = 0;
      unit.state.exit_status = 0;
      enter(unit, "active", "exited");
      if (!description.remain_after_exit) unload(unit);
    }
    return end(job.tickets, {});
  }
  unit.state.exit_status = description.exit_status;
  fail(unit, "exit-code", exit_log(guest_->manager, description, unit.state.name));
  if (description.start == StartBehaviour::dies) return end(job.tickets, {});
  end(job.tickets, start_failed(guest_->manager, unit.state.name));
}

Services::Ticket Services::stop(std::string_view name, Clock::time_point now) {
  advance(now);
  Unit* found = unit(name);
  if (found == nullptr) return ended_ticket(no_such_service(guest_->manager, "stop", name));
  Unit& unit = *found;
  end(unit.start_after_stop, canceled(guest_->manager, unit.state.name));
  unit.start_after_stop.clear();
  if (unit.job && !unit.job->start) {
    unit.job->tickets.push_back(ticket());
    return last_ticket_;
  }
  if (unit.job) {
    end(unit.job->tickets, canceled(guest_->manager, unit.state.name));
    unit.job.reset();
  } else if (!unit.state.started()) {
    return ended_ticket({});
  }
  const Ticket mine = ticket();
  enter(unit, "deactivating", "stop-sigterm");
  unit.job = Job{false, now + unit.description->stop_time, {mine}};
  advance(now);
  return mine;
}

void Services::finish_stop(Unit& unit, Clock::time_point now) {
  const Job job = *std::move(unit.job);
  unit.job.reset();
  if (unit.description->ignores_stop) {
    unit.state.exit_signal = signal_kill;
    fail(unit, "timeout", kill_log(guest_->manager, unit.state.name));
  } else {
    unload(unit);
  }
  end(job.tickets, {});
  if (unit.start_after_stop.empty()) return;
  begin_start(unit, std::move(unit.start_after_stop), now);
  unit.start_after_stop.clear();
}

void Services::advance(Clock::time_point now) {
  for (auto next = units_.begin(); next != units_.end();) {
    Unit& unit = next->second;
    // A stop may be followed by a start that is over already.
    while (unit.job && unit.job->end && *unit.job->end <= now) {
      if (unit.job->start) {
        finish_start(unit);
      } else {
        finish_stop(unit, *unit.job->end);
      }
    }
    const bool gone = !unit.job && unit.state.active_state == "inactive" && next->first != unit.description->name;
    next = gone ? units_.erase(next) : std::next(next);
  }
}

std::optional<Services::Ended> Services::ended(Ticket ticket, Clock::time_point now) {
  advance(now);
  const auto found = ended_.find(ticket);
  if (found == ended_.end()) return std::nullopt;
  Ended result = std::move(found->second);
  ended_.erase(found);
  return result;
}

guest::Service Services::find(std::string_view name, Clock::time_point now) {
  advance(now);
  std::string canonical;
  const ServiceDescription* description = describe(name, canonical);
  return description == nullptr ? unknown(name) : state(canonical, *description);
}

std::vector<guest::Service> Services::list(Clock::time_point now) {
  advance(now);
  std::vector<guest::Service> services;
  for (const ServiceDescription& description : guest_->services)
    if (!guest::is_service_template(description.name)) services.push_back(state(description.name, description));
  return services;
}

std::string Services::show(std::string_view name, Clock::time_point now) {
  advance(now);
  std::string canonical;
  const ServiceDescription* description = describe(name, canonical);
  if (description == nullptr) return show_text(unknown(name), {});
  return show_text(state(canonical, *description), description->aliases);
}

// Like process 1, a guest keeps only those in memory that do or did something.
std::string Services::show_loaded(Clock::time_point now) {
  advance(now);
  std::string text;
  for (const ServiceDescription& description : guest_->services) {
    if (guest::is_service_template(description.name)) continue;
    const guest::Service service = state(description.name, description);
    if (service.active_state != "inactive") text += show_text(service, description.aliases) + "\n";
  }
  for (const auto& [name, unit] : units_)
    if (name != unit.description->name && unit.state.active_state != "inactive")
      text += show_text(unit.state, {}) + "\n";
  return text;
}

std::string Services::show_unloaded(Clock::time_point now) {
  advance(now);
  std::string text;
  for (const ServiceDescription& description : guest_->services) {
    if (guest::is_service_template(description.name)) continue;
    const guest::Service service = state(description.name, description);
    if (service.active_state == "inactive") text += show_text(service, description.aliases) + "\n";
  }
  return text;
}

std::string Services::file_names() const {
  std::string names;
  for (const ServiceDescription& description : guest_->services)
    if (!guest::is_service_template(description.name)) names += description.name + " ";
  return names;
}

std::string Services::log(std::string_view name) const {
  std::string canonical;
  const auto found = describe(name, canonical) == nullptr ? units_.end() : units_.find(canonical);
  if (found == units_.end()) return {};
  const std::vector<std::string>& lines = found->second.log;
  std::string text;
  for (std::size_t i = lines.size() - std::min(lines.size(), log_lines); i < lines.size(); ++i) text += lines[i] + "\n";
  return text;
}

}  // namespace vmms::hypervisor::simulator
