// vmms vm list|show|start|shutdown|stop|pause|save|reset
#include "base/text.hpp"
#include "cli/guest.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "schema/Msvm_ShutdownComponent.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <thread>

namespace vmms::cli {

namespace {

using Clock = std::chrono::steady_clock;

std::string uptime(std::uint64_t milliseconds) {
  const std::uint64_t seconds = milliseconds / 1000;
  if (seconds == 0) return {};
  const std::uint64_t days = seconds / 86400;
  return fmt::format("{}{:02}:{:02}:{:02}", days == 0 ? std::string{} : fmt::format("{}d ", days), seconds / 3600 % 24,
                     seconds / 60 % 60, seconds % 60);
}

std::string state_of(const wsman::Record& machine) { return state_name(enumerator<State>(machine, "EnabledState")); }

std::uint64_t on_time(const wsman::Record& machine) { return machine.number("OnTimeInMilliseconds").value_or(0); }

boost::json::object to_json(const wsman::Record& machine) {
  return {{"name", machine.text("ElementName")}, {"id", machine.text("Name")},
          {"state", state_of(machine)},          {"enabled_state", machine.number("EnabledState").value_or(0)},
          {"status", machine.text("Status")},    {"on_time_milliseconds", on_time(machine)}};
}

Result<int> list(Session& session) {
  const auto inventory = session.inventory();
  if (!inventory) return inventory.error();
  if (inventory->lost) return *inventory->lost;
  boost::json::array array;
  Table table({"NAME", "STATE", "STATUS", "UPTIME", "ID"});
  for (const wsman::Record& machine : inventory->machines) {
    array.push_back(to_json(machine));
    table.add({std::string(machine.text("ElementName")), state_of(machine), std::string(machine.text("Status")),
               uptime(on_time(machine)), std::string(machine.text("Name"))});
  }
  if (session.console().json)
    session.console().print(boost::json::value(std::move(array)));
  else if (table.empty())
    session.console().note("no VMs");
  else
    session.console().print(table.text());
  return exit_success;
}

Result<int> show(Session& session, const std::string& name) {
  const auto machine = session.find_virtual_machine(name);
  if (!machine) return machine.error();
  const auto record = session.client().get(machine->path());
  if (!record) return record.error();
  if (session.console().json) {
    session.console().print(boost::json::value(to_json(*record)));
    return exit_success;
  }
  Sheet sheet;
  sheet.add("VM", record->text("ElementName"));
  sheet.add("ID", record->text("Name"));
  sheet.add("State", state_of(*record));
  if (const std::string time = uptime(on_time(*record)); !time.empty()) sheet.add("Uptime", time);
  sheet.add("Status",
            fmt::format("{}: {}", record->text("Status"), fmt::join(record->texts("StatusDescriptions"), "; ")));
  session.console().print(sheet.text());
  return exit_success;
}

// Waits until the agent in the guest answers, as the interface component reports.
Status wait_for_guest(Session& session, const VirtualMachine& machine, std::chrono::seconds most) {
  const auto deadline = Clock::now() + most;
  std::string last = "nothing is known of its guest yet";
  for (;;) {
    const auto reach = guest_reach(session, machine);
    if (reach) {
      if (reach->contact == Contact::ok) return {};
      last = reach->text();
    } else if (reach.error().kind == Failure::not_found) {
      // The component is there as long as the VM runs.
      const auto now = session.find_virtual_machine(machine.id);
      if (!now) return now.error();
      if (now->state == State::off)
        return error(Failure::invalid_state, fmt::format("VM '{}' is off again: it ended while its guest was awaited, "
                                                         "see the hypervisor's log",
                                                         machine.name));
      last = reach.error().message;
    } else {
      return reach.error();
    }
    if (Clock::now() >= deadline)
      return error(Failure::timed_out, fmt::format("VM '{}' runs, but its guest did not answer within {} s: {}",
                                                   machine.name, most.count(), last));
    session.console().progress(fmt::format("waiting for the guest of VM '{}': {}", machine.name, last));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

// How to resume a VM that does not run.
std::string way_on(const VirtualMachine& machine) {
  const auto start = [&](const char* verb) {
    return fmt::format("; {} it with: vmms vm start {}", verb, machine.word());
  };
  switch (machine.state) {
    case State::off:
      return start("start");
    case State::saved:
      return start("restore");
    case State::paused:
      return start("resume");
    default:
      return {};
  }
}

// How the VM's state explains a refused change.
void explain(Session& session, const VirtualMachine& machine, Completion& completion) {
  if (completion.succeeded() || !completion.explanation.empty()) return;
  const auto now = session.find_virtual_machine(machine.id);
  if (!now) return;
  completion.explanation = fmt::format("VM '{}' is {}{}", now->name, state_name(now->state), way_on(*now));
}

// Why a running guest got no request to shut down.
void explain_shutdown(const VirtualMachine& machine, Completion& completion) {
  using Code = schema::msvm::ShutdownComponent::InitiateShutdown::Code;
  if (completion.succeeded() || !completion.explanation.empty() || machine.state != State::running) return;
  const std::string power_switch = fmt::format("turn VM '{}' off with: vmms vm stop {}", machine.name, machine.word());
  if (completion.returned(Code::invalid_state_for_this_operation))
    completion.explanation = fmt::format(
        "the Shutdown integration component of VM '{}' is off (EnabledState of Msvm_ShutdownComponentSettingData), so "
        "its guest is not asked; switch it on, or {}",
        machine.name, power_switch);
  else if (completion.returned(Code::system_is_in_use))
    completion.explanation = fmt::format(
        "the file systems in the guest of VM '{}' are frozen (a backup or snapshot is being made); try again when that "
        "is done",
        machine.name);
  else if (completion.returned(Code::failed))
    completion.explanation = fmt::format(
        "the guest's agent tried and failed, or the power button cannot be pressed; the server's log says which. Or {}",
        power_switch);
}

using RequestedState = schema::msvm::ComputerSystem::RequestStateChange::RequestedState;

/// A state that a VM should reach.
struct Change {
  RequestedState requested;
  std::optional<State> wanted;  ///< a VM that is in it is left alone; nothing: none is
  const char* done;             ///< "VM 'demo' " and this
};
constexpr Change to_running{RequestedState::enabled, State::running, "started"};
constexpr Change to_off{RequestedState::disabled, State::off, "is off"};
constexpr Change to_saved{RequestedState::offline, State::saved, "is saved"};
constexpr Change to_paused{RequestedState::quiesce, State::paused, "is paused"};
constexpr Change to_reset{RequestedState::reset, std::nullopt, "was reset"};

std::string_view done_text(const Change& change, State before) {
  if (change.requested == to_running.requested && before == State::paused) return "resumed";
  if (change.requested == to_running.requested && before == State::saved) return "restored";
  return change.done;
}

/// How a change ended.
struct Changed {
  Completion completion;
  std::string text;  ///< for people, when it succeeded
  bool changed = true;
};

Changed nothing_to_do(const VirtualMachine& machine, std::string_view method) {
  Changed changed;
  changed.completion.method = method;
  changed.completion.meaning = "Completed with No Error";
  changed.text = fmt::format("VM '{}' is {} already", machine.name, state_name(machine.state));
  changed.changed = false;
  return changed;
}

// A state that the VM already has, or got from another client meanwhile, counts as success.
Result<Changed> change_state(Session& session, const VirtualMachine& machine, const Change& change) {
  constexpr std::string_view method = "RequestStateChange";
  if (change.wanted == machine.state) return nothing_to_do(machine, method);
  auto completion = session.call(machine.path(), method, {{"RequestedState", to_input(change.requested)}});
  if (!completion) return completion.error();
  if (!completion->succeeded() && change.wanted)
    if (const auto now = session.find_virtual_machine(machine.id); now && now->state == change.wanted)
      return nothing_to_do(*now, method);
  explain(session, machine, *completion);
  return Changed{*std::move(completion), fmt::format("VM '{}' {}", machine.name, done_text(change, machine.state))};
}

int tell(Session& session, const VirtualMachine& machine, const Changed& changed, boost::json::object more = {}) {
  // What was refused, or failed, changed nothing.
  boost::json::object result{
      {"vm", machine.name}, {"id", machine.id}, {"changed", changed.changed && changed.completion.succeeded()}};
  for (const auto& [name, value] : more) result[name] = value;
  return finish(session.console(), changed.completion, std::move(result), changed.text);
}

Result<int> change(Session& session, const std::string& name, const Change& change) {
  const auto machine = session.find_virtual_machine(name);
  if (!machine) return machine.error();
  const auto changed = change_state(session, *machine, change);
  if (!changed) return changed.error();
  return tell(session, *machine, *changed);
}

Result<int> start(Session& session, const std::string& name, std::optional<unsigned> wait_seconds) {
  const auto machine = session.find_virtual_machine(name);
  if (!machine) return machine.error();
  auto changed = change_state(session, *machine, to_running);
  if (!changed) return changed.error();
  if (!wait_seconds || !changed->completion.succeeded()) return tell(session, *machine, *changed);
  if (const Status waited = wait_for_guest(session, *machine, std::chrono::seconds(*wait_seconds)); !waited)
    return waited.error();
  changed->text += ", and its guest answers";
  return tell(session, *machine, *changed, {{"guest_answers", true}});
}

struct Shutdown {
  std::string machine;
  bool reboot = false;
  bool force = false;
  std::string reason = "vmms vm shutdown";
};

// A guest that does not run is not asked, and may have ended since the VM was looked at.
Result<Completion> ask_guest(Session& session, VirtualMachine machine, std::string_view method,
                             const Shutdown& wanted) {
  if (is_on(machine)) {
    auto completion = session.call(shutdown_component(machine), method,
                                   {{"Force", wanted.force ? "true" : "false"}, {"Reason", wanted.reason}});
    if (completion || completion.error().kind != Failure::not_found) return completion;
    const auto now = session.find_virtual_machine(machine.id);
    if (!now || is_on(*now)) return completion;
    machine = *now;
  }
  return error(Failure::invalid_state,
               fmt::format("VM '{}' is {}, so there is no guest to {}{}", machine.name, state_name(machine.state),
                           wanted.reboot ? "restart" : "shut down", way_on(machine)));
}

Result<int> shut_down(Session& session, const Shutdown& wanted) {
  const auto machine = session.find_virtual_machine(wanted.machine);
  if (!machine) return machine.error();
  const std::string_view method = wanted.reboot ? "InitiateReboot" : "InitiateShutdown";
  if (!wanted.reboot && machine->state == State::off) return tell(session, *machine, nothing_to_do(*machine, method));
  auto completion = ask_guest(session, *machine, method, wanted);
  if (!wanted.reboot && (!completion || !completion->succeeded()))
    if (const auto now = session.find_virtual_machine(machine->id); now && now->state == State::off)
      return tell(session, *machine, nothing_to_do(*now, method));
  if (!completion) return completion.error();
  explain_shutdown(*machine, *completion);
  explain(session, *machine, *completion);
  return tell(session, *machine,
              {*std::move(completion), fmt::format("The guest of VM '{}' was told to {}", machine->name,
                                                   wanted.reboot ? "restart" : "shut down")});
}

}  // namespace

void add_vm(CLI::App& app, Program& program) {
  CLI::App* vm = app.add_subcommand("vm", "List virtual machines; start, stop, pause, save and reset them");
  vm->require_subcommand(1);
  vm->footer(
      R"(Examples:
  vmms vm list
  vmms vm start demo --wait 60
  vmms vm shutdown demo

A state that is there already is success. Exit status: 1 refused, with the reason (a VM that is off cannot be paused); 2
there is no such VM, or the server cannot be asked.)");

  CLI::App* list_command = vm->add_subcommand("list", "List the virtual machines of the server");
  list_command->footer("Example:\n  vmms vm list --json | jq -r '.[] | select(.state == \"running\") | .name'");
  run_online(*list_command, program, list);

  auto name = std::make_shared<std::string>();
  const auto add = [&](const char* verb, const char* description, const char* footer) {
    CLI::App* command = vm->add_subcommand(verb, description);
    command->add_option("VM", *name, "name or GUID of the VM")->required()->type_name("");
    command->footer(footer);
    return command;
  };
  const auto add_change = [&](const char* verb, const Change& wanted, const char* description, const char* footer) {
    run_online(*add(verb, description, footer), program,
               [name, wanted](Session& session) { return change(session, *name, wanted); });
  };

  CLI::App* start_command =
      add("start", "Start a VM (RequestStateChange 2); resumes a paused one, restores a saved one",
          "A VM that runs already is left alone, and that is success.\n\nExamples:\n  vmms vm start demo\n"
          "  vmms vm start demo --wait 60 && vmms service list demo");
  auto wait = std::make_shared<std::optional<unsigned>>();
  start_command->add_option("--wait", *wait, "wait so long until the guest answers, 0 to 86400")
      ->check(whole_number(0, 86400))
      ->type_name("SECONDS");
  run_online(*start_command, program, [name, wait](Session& session) { return start(session, *name, *wait); });

  auto wanted = std::make_shared<Shutdown>();
  CLI::App* shutdown_command = vm->add_subcommand(
      "shutdown", "Ask the guest of a VM to shut down (InitiateShutdown): by its agent, else by the power button");
  shutdown_command->add_option("VM", wanted->machine, "name or GUID of the VM")->required()->type_name("");
  shutdown_command->add_flag("--reboot", wanted->reboot, "restart it instead (InitiateReboot)");
  shutdown_command->add_flag("--force", wanted->force, "even if somebody is logged in, where guests ask for that");
  shutdown_command->add_option("--reason", wanted->reason, "for the log")->type_name("TEXT");
  shutdown_command->footer("Examples:\n  vmms vm shutdown demo\n  vmms vm shutdown demo --reboot");
  run_online(*shutdown_command, program, [wanted](Session& session) { return shut_down(session, *wanted); });

  add_change("stop", to_off,
             "Turn a VM off (RequestStateChange 3), like its power switch: the guest is not asked to shut down",
             "Example:\n  vmms vm stop demo");
  add_change("pause", to_paused, "Pause a VM (RequestStateChange 9): its processors stop, its memory stays",
             "Example:\n  vmms vm pause demo && vmms vm start demo");
  add_change("save", to_saved, "Save a VM (RequestStateChange 6): its memory goes to disk, and it stops",
             "Example:\n  vmms vm save demo && vmms vm start demo");
  add_change("reset", to_reset,
             "Reset a VM (RequestStateChange 11), like its reset button: the guest is not asked, and loses what it has "
             "not written",
             "To ask the guest to restart: vmms vm shutdown VM --reboot\n\nExample:\n  vmms vm reset demo");
  run_online(*add("show", "Show the state of a VM",
                  "Its guest: vmms guest show VM, vmms service list VM. All its properties:\n"
                  "vmms query \"SELECT * FROM Msvm_ComputerSystem WHERE ElementName = 'VM'\"\n\n"
                  "Examples:\n  vmms vm show demo\n  vmms vm show demo --json | jq -r .state"),
             program, [name](Session& session) { return show(session, *name); });
}

}  // namespace vmms::cli
