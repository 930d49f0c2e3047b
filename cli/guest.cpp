// vmms guest enable|disable|show: the Guest Service Interface of a VM, which its guest services need.
#include "cli/guest.hpp"

#include "cli/embedded.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "schema/Msvm_GuestServiceInterfaceComponentSettingData.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vmms::cli {

namespace {

using InterfaceState = schema::msvm::GuestServiceInterfaceComponentSettingData::EnabledState;

// ModifyGuestServiceSettings changes what the embedded instance holds and leaves the rest alone.
std::string settings_with(const VirtualMachine& machine, InterfaceState state) {
  const cim::ObjectPath path = interface_settings(machine);
  return write_embedded(path.class_name, {{"InstanceID", "string", std::string(path.value("InstanceID"))},
                                          {"EnabledState", "uint16", to_input(state)}});
}

Result<int> change(Session& session, const std::string& name, InterfaceState state) {
  const auto machine = session.find_virtual_machine(name);
  if (!machine) return machine.error();
  const auto completion = session.call(management_service(), "ModifyGuestServiceSettings",
                                       {{"GuestServiceSettings", settings_with(*machine, state)}});
  if (!completion) return completion.error();
  const std::string_view word = state == InterfaceState::enabled ? "enabled" : "disabled";
  return finish(session.console(), *completion,
                {{"vm", machine->name}, {"id", machine->id}, {"guest_service_interface", word}},
                fmt::format("Guest Service Interface of VM '{}' {}", machine->name, word));
}

}  // namespace

std::string contact_name(Contact contact) {
  switch (contact) {
    case Contact::ok:
      return "OK";
    case Contact::degraded:
      return "degraded";
    case Contact::no_contact:
      return "no contact";
    case Contact::lost_communication:
      return "lost";
    case Contact::dormant:
      return "paused";
    default:
      return "operational status " + to_input(contact);
  }
}

Result<Reach> guest_reach(Session& session, const VirtualMachine& machine) {
  const auto component = session.client().get(interface_component(machine));
  if (!component) return component.error();
  Reach reach;
  reach.contact = enumerator<Contact>(*component, "OperationalStatus");
  for (const std::string_view line : component->texts("StatusDescriptions")) reach.descriptions.emplace_back(line);
  return reach;
}

std::string Reach::text() const { return fmt::format("{}", fmt::join(descriptions, "; ")); }

Result<std::string> why_unusable(Session& session, const VirtualMachine& machine) {
  const auto allowed = interface_enabled(session, machine);
  if (!allowed) return allowed.error();
  if (!*allowed)
    return fmt::format("the Guest Service Interface of VM '{}' is off; enable it with: vmms guest enable {}",
                       machine.name, machine.word());
  const auto reach = guest_reach(session, machine);
  if (!reach) return reach.error();
  if (reach->contact == Contact::ok) return std::string();
  return fmt::format("the guest of VM '{}' offers no way to its services: {}. What to do: vmms doctor {}", machine.name,
                     reach->text(), machine.word());
}

bool is_on(const VirtualMachine& machine) { return machine.state != State::off && machine.state != State::saved; }

namespace {

Result<int> show(Session& session, const std::string& name) {
  const auto machine = session.find_virtual_machine(name);
  if (!machine) return machine.error();
  const auto interface = interface_enabled(session, *machine);
  if (!interface) return interface.error();
  const std::string_view interface_word = *interface ? "enabled" : "disabled";
  boost::json::object result{{"vm", machine->name},
                             {"id", machine->id},
                             {"state", state_name(machine->state)},
                             {"guest_service_interface", interface_word},
                             {"contact", nullptr},
                             {"descriptions", boost::json::array{}},
                             {"file_service_started", nullptr}};
  Sheet sheet;
  sheet.add("VM", machine->name);
  sheet.add("ID", machine->id);
  sheet.add("State", state_name(machine->state));
  sheet.add("Guest Service Interface", interface_word);

  // Component and services are there only while the VM is not off.
  const auto reach = guest_reach(session, *machine);
  if (reach) {
    result["contact"] = contact_name(reach->contact);
    for (const std::string& line : reach->descriptions) result["descriptions"].as_array().emplace_back(line);
    sheet.add("Contact with the guest", contact_name(reach->contact));
    sheet.add("Way in use", reach->text());
  } else if (reach.error().kind != Failure::not_found) {
    return reach.error();
  }
  const Status services = session.client().enumerate(
      wsman::default_namespace, "Msvm_GuestFileService", {{"SystemName", machine->id}}, [&](wsman::Record service) {
        result["file_service_started"] = service.is_true("Started");
        sheet.add("File service", service.is_true("Started") ? "started" : "stopped");
        return false;
      });
  if (!services) return services.error();
  if (session.console().json) {
    session.console().print(boost::json::value(std::move(result)));
    return exit_success;
  }
  session.console().print(sheet.text());
  if (!*interface)
    session.console().note(
        fmt::format("\nIts guest services are off; enable them with: vmms guest enable {}", machine->word()));
  return exit_success;
}

}  // namespace

Result<bool> interface_enabled(Session& session, const VirtualMachine& machine) {
  const auto settings = session.client().get(interface_settings(machine));
  if (!settings) return settings.error();
  return enumerator<InterfaceState>(*settings, "EnabledState") == InterfaceState::enabled;
}

void add_guest(CLI::App& app, Program& program) {
  CLI::App* guest = app.add_subcommand("guest", "Guest services of a VM: allow them, forbid them, show the contact");
  guest->require_subcommand(1);
  guest->footer(
      R"(As on Hyper-V, the Guest Service Interface of a VM is off until it is enabled; it decides whether the VM's guest
services (vmms service ...) can be used. The setting stays with the VM.)");

  auto name = std::make_shared<std::string>();
  CLI::App* enable_command =
      guest->add_subcommand("enable", "Enable the Guest Service Interface (ModifyGuestServiceSettings)");
  enable_command->add_option("VM", *name, "name or GUID of the VM")->required()->type_name("");
  enable_command->footer("Example:\n  vmms guest enable demo && vmms service start demo nginx");
  run_online(*enable_command, program,
             [name](Session& session) { return change(session, *name, InterfaceState::enabled); });

  CLI::App* disable_command = guest->add_subcommand("disable", "Disable the Guest Service Interface");
  disable_command->add_option("VM", *name, "name or GUID of the VM")->required()->type_name("");
  disable_command->footer("Example:\n  vmms guest disable demo");
  run_online(*disable_command, program,
             [name](Session& session) { return change(session, *name, InterfaceState::disabled); });

  CLI::App* show_command =
      guest->add_subcommand("show", "Show whether guest services are allowed, and how the guest is reached");
  show_command->add_option("VM", *name, "name or GUID of the VM")->required()->type_name("");
  show_command->footer("Examples:\n  vmms guest show demo\n  vmms guest show demo --json | jq .contact");
  run_online(*show_command, program, [name](Session& session) { return show(session, *name); });
}

}  // namespace vmms::cli
