// vmms vm list|start|shutdown|stop
#include "base/text.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>

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

Result<int> list(Session& session) {
  const auto machines = session.virtual_machines();
  if (!machines) return machines.error();
  boost::json::array array;
  Table table({"NAME", "STATE", "STATUS", "UPTIME", "ID"});
  for (const wsman::Record& machine : *machines) {
    const std::string state = state_name(static_cast<State>(machine.number("EnabledState").value_or(0)));
    const std::uint64_t on_time = machine.number("OnTimeInMilliseconds").value_or(0);
    array.push_back(boost::json::object{{"name", machine.text("ElementName")},
                                        {"id", machine.text("Name")},
                                        {"state", state},
                                        {"enabled_state", machine.number("EnabledState").value_or(0)},
                                        {"status", machine.text("Status")},
                                        {"on_time_milliseconds", on_time}});
    table.add({std::string(machine.text("ElementName")), state, std::string(machine.text("Status")), uptime(on_time),
               std::string(machine.text("Name"))});
  }
  if (session.console().json)
    session.console().print(boost::json::value(std::move(array)));
  else if (table.empty())
    session.console().note("no VMs");
  else
    session.console().print(table.text());
  return exit_success;
}

// Waits until the agent in the guest answers, which the interface component tells.
Status wait_for_guest(Session& session, const VirtualMachine& machine, std::chrono::seconds most) {
  const auto deadline = Clock::now() + most;
  std::string last = "nothing is known of its guest yet";
  for (;;) {
    const auto component = session.client().get(interface_component(machine));
    if (component) {
      const auto status = component->texts("OperationalStatus");
      if (!status.empty() && status.front() == "2") return {};
      const auto descriptions = component->texts("StatusDescriptions");
      if (!descriptions.empty()) last = descriptions.front();
    } else if (component.error().kind == Failure::not_found) {
      // The component is there as long as the VM runs.
      const auto now = session.find_virtual_machine(machine.id);
      if (!now) return now.error();
      if (now->state == State::off)
        return error(Failure::invalid_state, fmt::format("VM '{}' is off again: it ended while its guest was awaited, "
                                                         "see the hypervisor's log",
                                                         machine.name));
      last = component.error().message;
    } else {
      return component.error();
    }
    if (Clock::now() >= deadline)
      return error(Failure::timed_out, fmt::format("VM '{}' runs, but its guest did not answer within {} s: {}",
                                                   machine.name, most.count(), last));
    session.console().progress(fmt::format("waiting for the guest of VM '{}': {}", machine.name, last));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

Result<Completion> request_state(Session& session, const VirtualMachine& machine, State state) {
  return session.call(machine.path(), "RequestStateChange",
                      {{"RequestedState", std::to_string(static_cast<std::uint64_t>(state))}});
}

// What the VM's state says about a refused change.
void explain(Session& session, const VirtualMachine& machine, Completion& completion) {
  if (completion.succeeded() || !completion.explanation.empty()) return;
  if (const auto now = session.find_virtual_machine(machine.id))
    completion.explanation = fmt::format("VM '{}' is {}", now->name, state_name(now->state));
}

Result<int> start(Session& session, const std::string& name, std::optional<unsigned> wait_seconds) {
  const auto machine = session.find_virtual_machine(name);
  if (!machine) return machine.error();
  boost::json::object result{{"vm", machine->name}, {"id", machine->id}};
  // Who waits for the guest asks for a state, not for a change.
  const bool runs_already = wait_seconds && machine->state == State::running;
  Completion completion;
  if (!runs_already) {
    auto called = request_state(session, *machine, State::running);
    if (!called) return called.error();
    completion = std::move(*called);
    if (!completion.succeeded()) {
      explain(session, *machine, completion);
      return finish(session.console(), completion, std::move(result), {});
    }
  }
  std::string text = fmt::format("VM '{}' {}", machine->name, runs_already ? "runs already" : "started");
  if (wait_seconds) {
    if (const Status waited = wait_for_guest(session, *machine, std::chrono::seconds(*wait_seconds)); !waited)
      return waited.error();
    text += ", and its guest answers";
    result["guest_answers"] = true;
  }
  session.console().progress({});
  if (!runs_already) return finish(session.console(), completion, std::move(result), text);
  if (session.console().json)
    session.console().print(boost::json::value(std::move(result)));
  else
    session.console().print(text + "\n");
  return exit_success;
}

struct Shutdown {
  std::string machine;
  bool reboot = false;
  bool force = false;
  std::string reason = "vmms vm shutdown";
};

Result<int> shut_down(Session& session, const Shutdown& wanted) {
  const auto machine = session.find_virtual_machine(wanted.machine);
  if (!machine) return machine.error();
  auto completion = session.call(shutdown_component(*machine), wanted.reboot ? "InitiateReboot" : "InitiateShutdown",
                                 {{"Force", wanted.force ? "true" : "false"}, {"Reason", wanted.reason}});
  if (!completion) return completion.error();
  explain(session, *machine, *completion);
  return finish(
      session.console(), *completion, {{"vm", machine->name}, {"id", machine->id}},
      fmt::format("The guest of VM '{}' was told to {}", machine->name, wanted.reboot ? "start anew" : "shut down"));
}

Result<int> stop(Session& session, const std::string& name) {
  const auto machine = session.find_virtual_machine(name);
  if (!machine) return machine.error();
  auto completion = request_state(session, *machine, State::off);
  if (!completion) return completion.error();
  explain(session, *machine, *completion);
  return finish(session.console(), *completion, {{"vm", machine->name}, {"id", machine->id}},
                fmt::format("VM '{}' is off", machine->name));
}

}  // namespace

void add_vm(CLI::App& app, Program& program) {
  CLI::App* vm = app.add_subcommand("vm", "List virtual machines, start them, turn them off");
  vm->require_subcommand(1);

  CLI::App* list_command = vm->add_subcommand("list", "List the virtual machines of the server");
  list_command->footer("Example:\n  vmms vm list --json | jq -r '.[] | select(.state == \"running\") | .name'");
  run_online(*list_command, program, list);

  auto name = std::make_shared<std::string>();
  CLI::App* start_command =
      vm->add_subcommand("start", "Start a VM (RequestStateChange 2); resumes a paused one, restores a saved one");
  start_command->add_option("VM", *name, "name or GUID of the VM")->required()->type_name("");
  auto wait = std::make_shared<std::optional<unsigned>>();
  start_command
      ->add_option("--wait", *wait, "wait so long until the guest answers; a VM that runs already is fine then")
      ->check(CLI::Range(0U, 86400U))
      ->type_name("SECONDS");
  start_command->footer("Examples:\n  vmms vm start demo\n  vmms vm start demo --wait 60 && vmms service list demo");
  run_online(*start_command, program, [name, wait](Session& session) { return start(session, *name, *wait); });

  auto wanted = std::make_shared<Shutdown>();
  CLI::App* shutdown_command = vm->add_subcommand(
      "shutdown", "Ask the guest of a VM to shut down (InitiateShutdown): by its agent, else by the power button");
  shutdown_command->add_option("VM", wanted->machine, "name or GUID of the VM")->required()->type_name("");
  shutdown_command->add_flag("--reboot", wanted->reboot, "start it anew instead (InitiateReboot)");
  shutdown_command->add_flag("--force", wanted->force, "also when somebody is logged in, where guests ask that");
  shutdown_command->add_option("--reason", wanted->reason, "for the log")->type_name("TEXT");
  shutdown_command->footer("Examples:\n  vmms vm shutdown demo\n  vmms vm shutdown demo --reboot");
  run_online(*shutdown_command, program, [wanted](Session& session) { return shut_down(session, *wanted); });

  CLI::App* stop_command = vm->add_subcommand(
      "stop", "Turn a VM off (RequestStateChange 3), like its power switch: the guest is not asked to shut down");
  stop_command->add_option("VM", *name, "name or GUID of the VM")->required()->type_name("");
  stop_command->footer("Example:\n  vmms vm stop demo");
  run_online(*stop_command, program, [name](Session& session) { return stop(session, *name); });
}

}  // namespace vmms::cli
