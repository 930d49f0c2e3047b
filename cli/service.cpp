// vmms service list|start|stop|mode|show: the services of the guest's own service manager.
#include "cli/guest.hpp"
#include "cli/program.hpp"
#include "cli/record.hpp"
#include "cli/schema.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>

namespace vmms::cli {

namespace {

constexpr std::string_view class_name = "Vmms_GuestOSService";
constexpr std::uint32_t not_supported = 1;

// As with systemctl, a name without a suffix means a service.
std::string unit_name(const std::string& name) { return name.ends_with(".service") ? name : name + ".service"; }

std::string activity(const wsman::Record& service) {
  const std::string_view active = service.text("ActiveState");
  const std::string_view sub = service.text("SubState");
  return sub.empty() ? std::string(active) : fmt::format("{} ({})", active, sub);
}

std::string process(const wsman::Record& service) {
  const auto id = service.number("MainProcessID");
  return id && *id != 0 ? std::to_string(*id) : std::string{};
}

// Why guest services are not supported: the interface is off, or the guest offers no way in.
std::string why_not_supported(Session& session, const VirtualMachine& machine, std::string_view method = {}) {
  const auto enabled = interface_enabled(session, machine);
  if (enabled && !*enabled)
    return fmt::format("the Guest Service Interface of VM '{}' is off; enable it with: vmms guest enable {}",
                       machine.name, shell_word(machine.name));
  const auto component = session.client().get(interface_component(machine));
  if (!component) return component.error().message;
  if (method == "ChangeStartMode" && component->text("OperationalStatus") == "2")
    return fmt::format(
        "the service manager in the guest of VM '{}' has no such start mode; Disabled is known to systemd and Windows",
        machine.name);
  std::string text = fmt::format("the guest of VM '{}' offers no way to its services", machine.name);
  for (const std::string_view line : component->texts("StatusDescriptions")) text += fmt::format("\n  {}", line);
  return text;
}

Result<int> list(Session& session, const std::string& name) {
  const auto machine = session.find_virtual_machine(name);
  if (!machine) return machine.error();
  boost::json::array array;
  Table table({"NAME", "STATE", "STARTED", "START MODE", "UNIT FILE", "PID", "DESCRIPTION"});
  const Status status = session.client().enumerate(
      wsman::default_namespace, class_name, {{"SystemName", machine->id}}, [&](wsman::Record service) {
        const std::string process_id = process(service);
        array.push_back(boost::json::object{{"name", service.text("Name")},
                                            {"description", service.text("Description")},
                                            {"started", service.is_true("Started")},
                                            {"start_mode", service.text("StartMode")},
                                            {"load_state", service.text("LoadState")},
                                            {"active_state", service.text("ActiveState")},
                                            {"sub_state", service.text("SubState")},
                                            {"unit_file_state", service.text("UnitFileState")},
                                            {"main_process_id", service.number("MainProcessID").value_or(0)}});
        table.add({std::string(service.text("Name")), activity(service), service.is_true("Started") ? "yes" : "no",
                   std::string(service.text("StartMode")), std::string(service.text("UnitFileState")), process_id,
                   std::string(service.text("Description"))});
        return true;
      });
  if (!status) return status.error();
  const Console& console = session.console();
  if (console.json) {
    console.print(boost::json::value(std::move(array)));
  } else if (!table.empty()) {
    console.print(table.text());
  } else if (machine->state == State::off || machine->state == State::saved) {
    console.note(fmt::format("no services: VM '{}' is {}", machine->name, state_name(machine->state)));
  } else {
    console.note(fmt::format("no services: {}", why_not_supported(session, *machine)));
  }
  return exit_success;
}

// What a service is doing, after a start or stop: "active (running), main process 512".
std::string describe(const wsman::Record& service) {
  std::string text = activity(service);
  if (const std::string id = process(service); !id.empty()) text += ", main process " + id;
  return text;
}

Result<int> call(Session& session, const std::string& vm, const std::string& name, std::string_view method,
                 std::string_view past, const std::vector<wsman::Input>& inputs = {}) {
  const auto machine = session.find_virtual_machine(vm);
  if (!machine) return machine.error();
  std::string unit = unit_name(name);
  const cim::ObjectPath path = guest_service(*machine, unit);
  auto completion = session.call(path, method, inputs);
  if (!completion) return completion.error();
  boost::json::object result{{"vm", machine->name}, {"id", machine->id}};
  std::string became;
  if (completion->succeeded()) {
    // What became of it belongs to the answer, but not being able to read it does not undo it.
    if (const auto service = session.client().get(path)) {
      if (!service->text("Name").empty()) unit = service->text("Name");  // as the guest's service manager calls it
      result["started"] = service->is_true("Started");
      result["active_state"] = service->text("ActiveState");
      result["sub_state"] = service->text("SubState");
      result["start_mode"] = service->text("StartMode");
      result["main_process_id"] = service->number("MainProcessID").value_or(0);
      became = ": " + describe(*service);
    }
  } else if (completion->return_value == not_supported) {
    completion->explanation = why_not_supported(session, *machine, method);
  }
  result["service"] = unit;
  return finish(session.console(), *completion, std::move(result),
                printable(fmt::format("{} of VM '{}' {}{}", unit, machine->name, past, became)));
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
  if (!service) return service.error();
  const Members members(known_class(wsman::default_namespace, class_name));
  if (session.console().json) {
    session.console().print(boost::json::value(to_json(*service, members)));
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
  CLI::App* service = app.add_subcommand("service", "Services inside the guest of a VM: list, start, stop, mode, show");
  service->require_subcommand(1);
  service->footer(
      R"(The services are those of the guest's own service manager (class Vmms_GuestOSService). Names are case-sensitive; one
without a suffix gets ".service". The VM's Guest Service Interface must be enabled: vmms guest enable VM.)");

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
  auto mode = std::make_shared<std::string>();
  CLI::App* change =
      add_name(add("mode", "Decide whether a service starts with the guest (ChangeStartMode)",
                   "automatic: it starts with the guest. manual: it starts when somebody starts it. disabled: nothing "
                   "can start it\n(systemd calls it masked; OpenRC and SysV init have no such mode). It is neither "
                   "started nor stopped now.\n\nExample:\n  vmms service mode demo nginx automatic"));
  change->add_option("MODE", *mode, "automatic, manual or disabled")
      ->required()
      ->type_name("")
      ->check(CLI::IsMember({"automatic", "manual", "disabled"}));
  run_online(*change, program, [vm, name, mode](Session& session) { return change_mode(session, *vm, *name, *mode); });
  run_online(*add_name(add("show", "Show what the guest says of a service",
                           "Examples:\n  vmms service show demo nginx\n"
                           "  vmms service show demo nginx --json | jq .MainProcessID")),
             program, [vm, name](Session& session) { return show(session, *vm, *name); });
}

}  // namespace vmms::cli
