// vmms service list|start|stop|restart|mode|show: the services of the guest's own service manager.
#include "cli/guest.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "cli/verbs.hpp"
#include "schema/Msvm_GuestService.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

namespace vmms::cli {

namespace {

constexpr std::string_view class_name = "Vmms_GuestOSService";

// As with systemctl, a name without a suffix means a service; of another kind of unit the server says that it is none.
std::string unit_name(const std::string& name) {
  for (const std::string_view suffix : {".service", ".socket", ".device", ".mount", ".automount", ".swap", ".target",
                                        ".path", ".timer", ".slice", ".scope"})
    if (name.ends_with(suffix)) return name;
  return name + ".service";
}

std::string activity(const wsman::Record& service) {
  const std::string_view active = service.text("ActiveState");
  const std::string_view sub = service.text("SubState");
  return sub.empty() ? std::string(active) : fmt::format("{} ({})", active, sub);
}

std::string process(const wsman::Record& service) {
  const auto id = service.number("MainProcessID");
  return id && *id != 0 ? std::to_string(*id) : std::string{};
}

// The same of every verb that shows a service.
boost::json::object to_json(const wsman::Record& service) {
  return {{"name", service.text("Name")},
          {"description", service.text("Description")},
          {"started", service.is_true("Started")},
          {"start_mode", service.text("StartMode")},
          {"load_state", service.text("LoadState")},
          {"active_state", service.text("ActiveState")},
          {"sub_state", service.text("SubState")},
          {"unit_file_state", service.text("UnitFileState")},
          {"main_process_id", service.number("MainProcessID").value_or(0)}};
}

// As StartService does, which answers 1 then: refused, with the reason.
int refuse(const Console& console, std::string why) {
  console.report(error(Failure::not_supported, std::move(why)));
  return exit_refused;
}

Result<int> list(Session& session, const std::string& name) {
  const auto machine = session.find_virtual_machine(name);
  if (!machine) return machine.error();
  if (machine->state == State::off || machine->state == State::saved)
    return error(Failure::not_found,
                 fmt::format("VM '{}' is {}: its guest services exist only while it runs; start it with: vmms vm start "
                             "{}",
                             machine->name, state_name(machine->state), machine->word()));
  boost::json::array array;
  Table table({"NAME", "STATE", "STARTED", "START MODE", "UNIT FILE", "PID", "DESCRIPTION"});
  const Status status = session.client().enumerate(
      wsman::default_namespace, class_name, {{"SystemName", machine->id}}, [&](wsman::Record service) {
        array.push_back(to_json(service));
        table.add({std::string(service.text("Name")), activity(service), service.is_true("Started") ? "yes" : "no",
                   std::string(service.text("StartMode")), std::string(service.text("UnitFileState")), process(service),
                   std::string(service.text("Description"))});
        return true;
      });
  if (!status) return status.error();
  const Console& console = session.console();
  if (table.empty()) {
    auto why = why_unusable(session, *machine);
    if (!why) return why.error();
    if (!why->empty()) return refuse(console, *std::move(why));
  }
  if (console.json)
    console.print(boost::json::value(std::move(array)));
  else if (table.empty())
    console.note(fmt::format("the guest of VM '{}' has no services", machine->name));
  else
    console.print(table.text());
  return exit_success;
}

// What a service is doing, after a start or stop: "active (running), main process 512".
std::string describe(const wsman::Record& service) {
  std::string text = activity(service);
  if (const std::string id = process(service); !id.empty()) text += ", main process " + id;
  return text;
}

// What a start left behind where nothing runs: a oneshot does its work and ends.
bool has_done_its_work(const wsman::Record& service, std::string_view method) {
  return method == "StartService" && !service.is_true("Started") && service.text("ActiveState") == "inactive";
}

/// How a method ended, and what became of the service: `past` is the word for it.
Result<int> tell(Session& session, const VirtualMachine& machine, const std::string& name, Completion completion,
                 std::string_view past) {
  std::string unit = unit_name(name);
  boost::json::object result{{"vm", machine.name}, {"id", machine.id}};
  std::string became;
  if (completion.succeeded()) {
    // What became of it belongs to the answer, but not being able to read it does not undo it.
    if (const auto service = session.client().get(guest_service(machine, unit))) {
      if (!service->text("Name").empty()) unit = service->text("Name");  // as the guest's service manager calls it
      result["started"] = service->is_true("Started");
      result["active_state"] = service->text("ActiveState");
      result["sub_state"] = service->text("SubState");
      result["start_mode"] = service->text("StartMode");
      result["main_process_id"] = service->number("MainProcessID").value_or(0);
      if (has_done_its_work(*service, completion.method)) past = "has done its work and ended";
      became = ": " + describe(*service);
    }
  } else if (completion.returned(schema::msvm::GuestService::StartService::Code::not_supported)) {
    const auto why = why_unusable(session, machine);
    if (!why || !why->empty())
      completion.explanation = why ? *why : why.error().message;
    else if (completion.method == "ChangeStartMode")
      completion.explanation = fmt::format(
          "the service manager in the guest of VM '{}' has no such start mode; systemd and Windows know disabled",
          machine.name);
    else
      completion.explanation = fmt::format("the server's log says why; so may: vmms doctor {}", machine.word());
  }
  result["name"] = unit;
  return finish(session.console(), completion, std::move(result),
                printable(fmt::format("{} of VM '{}' {}{}", unit, machine.name, past, became)));
}

Result<int> call(Session& session, const VirtualMachine& machine, const std::string& name, std::string_view method,
                 std::string_view past, const std::vector<wsman::Input>& inputs = {}) {
  auto completion = session.call(guest_service(machine, unit_name(name)), method, inputs);
  if (!completion) return completion.error();
  return tell(session, machine, name, *std::move(completion), past);
}

Result<int> call(Session& session, const std::string& vm, const std::string& name, std::string_view method,
                 std::string_view past, const std::vector<wsman::Input>& inputs = {}) {
  const auto machine = session.find_virtual_machine(vm);
  if (!machine) return machine.error();
  return call(session, *machine, name, method, past, inputs);
}

// One that does not run is started, as by systemctl restart.
Result<int> restart(Session& session, const std::string& vm, const std::string& name) {
  const auto machine = session.find_virtual_machine(vm);
  if (!machine) return machine.error();
  auto stopped = session.call(guest_service(*machine, unit_name(name)), "StopService");
  if (!stopped) return stopped.error();
  if (!stopped->succeeded()) return tell(session, *machine, name, *std::move(stopped), {});
  return call(session, *machine, name, "StartService", "restarted");
}

// ChangeStartMode's values from what one types.
Result<int> change_mode(Session& session, const std::string& vm, const std::string& name, const std::string& mode) {
  std::string value = mode;
  value.front() = static_cast<char>(value.front() - 'a' + 'A');
  return call(session, vm, name, "ChangeStartMode", "is now " + mode, {{"StartMode", value}});
}

Result<int> show(Session& session, const std::string& vm, const std::string& name) {
  const auto machine = session.find_virtual_machine(vm);
  if (!machine) return machine.error();
  const auto service = session.client().get(guest_service(*machine, unit_name(name)));
  if (!service) {
    if (service.error().kind == Failure::not_found && is_on(*machine))
      if (auto why = why_unusable(session, *machine); why && !why->empty())
        return refuse(session.console(), *std::move(why));
    return service.error();
  }
  if (session.console().json) {
    boost::json::object result{{"vm", machine->name}, {"id", machine->id}};
    for (const auto& [key, value] : to_json(*service)) result[key] = value;
    const auto number = [&](std::string_view property) -> boost::json::value {
      const auto found = service->number(property);
      return found ? boost::json::value(*found) : boost::json::value(nullptr);
    };
    result["service_type"] = service->text("ServiceType");
    result["result"] = service->text("Result");
    result["exit_status"] = number("ExitStatus");
    result["exit_signal"] = number("ExitSignal");
    const std::string_view changed = service->text("TimeOfLastStateChange");
    result["state_changed"] = changed.empty() ? boost::json::value(nullptr) : boost::json::value(changed);
    boost::json::array descriptions;
    for (const std::string_view line : service->texts("StatusDescriptions")) descriptions.emplace_back(line);
    result["status_descriptions"] = std::move(descriptions);
    session.console().print(boost::json::value(std::move(result)));
    return exit_success;
  }
  Sheet sheet;
  sheet.add("Service", service->text("Name"));
  sheet.add("VM", fmt::format("{} ({})", machine->name, machine->id));
  const auto add = [&](std::string_view title, std::string_view text) {
    if (!text.empty()) sheet.add(std::string(title), text);
  };
  add("Description", service->text("Description"));
  add("Started", service->is_true("Started") ? "yes" : "no");
  add("State", activity(*service));
  add("Since", service->text("TimeOfLastStateChange"));
  add("Main process", process(*service));
  add("Start mode", service->text("StartMode"));
  add("Unit file", service->text("UnitFileState"));
  add("Load state", service->text("LoadState"));
  add("Result", service->text("Result"));
  add("Exit status", service->text("ExitStatus"));
  for (const std::string_view line : service->texts("StatusDescriptions")) add("Status", line);
  session.console().print(sheet.text());
  return exit_success;
}

}  // namespace

void add_service(CLI::App& app, Program& program) {
  CLI::App* service =
      app.add_subcommand("service", "Services inside the guest of a VM: list, start, stop, restart, mode, show");
  service->require_subcommand(1);
  service->footer(
      R"(The services are those of the guest's own service manager (class Vmms_GuestOSService). A name without a suffix gets
".service"; names are case-sensitive, except in Windows guests. The VM's Guest Service Interface must be enabled:
vmms guest enable VM.

The same exit status for each of these verbs: 1 when guest services of the VM cannot be used (the interface is off, no
agent in the guest, the agent forbids what is needed); 2 when the VM is off or paused, its guest is silent, or there is
no such service.)");

  auto vm = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  const auto add = [&](const char* verb, const char* description, const char* footer) {
    CLI::App* command = service->add_subcommand(verb, description);
    command->add_option("VM", *vm, "name or GUID of the VM")->required()->type_name("");
    command->footer(footer);
    return command;
  };
  const auto add_name = [&](CLI::App* command) {
    command->add_option("NAME", *name, "the service, such as nginx or getty@tty1.service")->required()->type_name("");
    return command;
  };

  run_online(*add("list", "List the services of a VM's guest",
                  "Examples:\n  vmms service list demo\n"
                  "  vmms service list demo --json | jq -r '.[] | select(.active_state == \"failed\") | .name'"),
             program, [vm](Session& session) { return list(session, *vm); });
  run_online(
      *add_name(add("start", "Start a service (StartService), and show what became of it",
                    "Examples:\n  vmms service start demo nginx\n"
                    "  vmms service start demo getty@tty1.service --timeout 10\n\n"
                    "It returns 0 when the service runs afterwards, 1 when it is not supported (the Guest Service "
                    "Interface is off,\nno agent in the guest); a service that fails is an error with its last "
                    "log lines.")),
      program, [vm, name](Session& session) { return call(session, *vm, *name, "StartService", "started"); });
  run_online(*add_name(add("stop", "Stop a service (StopService), and show what became of it",
                           "Example:\n  vmms service stop demo nginx")),
             program, [vm, name](Session& session) { return call(session, *vm, *name, "StopService", "stopped"); });
  run_online(*add_name(add("restart", "Stop a service and start it again (StopService, StartService)",
                           "A service that does not run is started.\n\nExample:\n  vmms service restart demo nginx")),
             program, [vm, name](Session& session) { return restart(session, *vm, *name); });
  auto mode = std::make_shared<std::string>();
  CLI::App* change =
      add_name(add("mode", "Decide whether a service starts with the guest (ChangeStartMode)",
                   "automatic: it starts with the guest. manual: it starts when somebody starts it. disabled: nothing "
                   "can start it\n(systemd calls it masked; OpenRC and SysV init have no such mode). It is neither "
                   "started nor stopped now.\n\nExample:\n  vmms service mode demo nginx automatic"));
  change->add_option("MODE", *mode, "automatic, manual or disabled")
      ->required()
      ->type_name("")
      ->transform(one_of({"automatic", "manual", "disabled"}));
  run_online(*change, program, [vm, name, mode](Session& session) { return change_mode(session, *vm, *name, *mode); });
  run_online(*add_name(add("show", "Show what the guest says of a service",
                           "Examples:\n  vmms service show demo nginx\n"
                           "  vmms service show demo nginx --json | jq .main_process_id")),
             program, [vm, name](Session& session) { return show(session, *vm, *name); });
}

}  // namespace vmms::cli
