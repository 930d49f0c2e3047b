// vmms kvp list|set|remove: named values that host and guest exchange (Key-Value Pair Exchange).
#include "base/text.hpp"
#include "cli/embedded.hpp"
#include "cli/guest.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "schema/Msvm_KvpExchangeComponent.hpp"
#include "schema/Msvm_VirtualSystemManagementService.hpp"
#include "wire/xml/writer.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace vmms::cli {

namespace {

constexpr std::uint64_t for_guest = 0;
constexpr std::uint64_t for_host_only = 4;

struct Item {
  std::string name;
  std::string value;
  std::uint64_t source = for_guest;
};

std::string_view source_name(std::uint64_t source) {
  switch (source) {
    case for_guest:
      return "host";
    case 1:
      return "guest";
    case 2:
      return "guest_intrinsic";
    case for_host_only:
      return "host_only";
    default:
      return "unknown";
  }
}

void add_items(const wsman::Record& record, std::string_view property, std::vector<Item>& items) {
  for (const std::string_view text : record.texts(property))
    if (const auto item = read_embedded(text))
      items.push_back({text_of(*item, "Name"), text_of(*item, "Data"), number_of(*item, "Source")});
}

Result<std::vector<Item>> host_items(Session& session, const VirtualMachine& machine) {
  const auto settings = session.client().get(key_value_settings(machine));
  if (!settings) return settings.error();
  std::vector<Item> items;
  add_items(*settings, "HostExchangeItems", items);
  add_items(*settings, "HostOnlyItems", items);
  return items;
}

// Why pairs of the guest are missing, as far as the server says so.
std::optional<Error> missing_items(const VirtualMachine& machine, const wsman::Record& component) {
  using EnabledState = schema::msvm::KvpExchangeComponent::EnabledState;
  const auto status = enumerator<Contact>(component, "OperationalStatus");
  const auto descriptions = component.texts("StatusDescriptions");
  const bool answers = status == Contact::ok || status == Contact::degraded;
  // After the first line, one line each for what an answering agent could not report.
  if (answers && (status == Contact::degraded || descriptions.size() < 2)) return std::nullopt;
  std::string why =
      fmt::format("{}", fmt::join(std::next(descriptions.begin(), answers ? 1 : 0), descriptions.end(), "; "));
  if (why.empty()) why = "the server does not say why";
  Failure kind = answers || status == Contact::lost_communication ? Failure::unreachable : Failure::not_supported;
  if (status == Contact::dormant) kind = Failure::invalid_state;
  if (enumerator<EnabledState>(component, "EnabledState") == EnabledState::disabled)
    why = "its Key-Value Pair Exchange is off (Msvm_KvpExchangeComponentSettingData)";
  else
    why += fmt::format(". What to do: vmms doctor {}", machine.word());
  return error(kind, fmt::format("the pairs of the guest of VM '{}' are not all here: {}", machine.name, why));
}

Result<int> list(Session& session, const std::string& name) {
  const auto machine = session.find_virtual_machine(name);
  if (!machine) return machine.error();
  auto items = host_items(session, *machine);
  if (!items) return items.error();
  std::optional<Error> missing;
  if (is_on(*machine)) {
    const auto component = session.client().get(key_value_component(*machine));
    if (!component) return component.error();
    add_items(*component, "GuestExchangeItems", *items);
    add_items(*component, "GuestIntrinsicExchangeItems", *items);
    missing = missing_items(*machine, *component);
  }
  const Console& console = session.console();
  boost::json::array array;
  Table table({"SOURCE", "NAME", "VALUE"});
  for (const Item& item : *items) {
    array.push_back(
        boost::json::object{{"source", source_name(item.source)}, {"name", item.name}, {"value", item.value}});
    table.add({std::string(source_name(item.source)), item.name, item.value});
  }
  if (console.json)
    console.print(boost::json::value(std::move(array)));
  else if (!table.empty())
    console.print(table.text());
  else if (!missing)
    console.note(fmt::format("no key-value pairs of VM '{}'{}", machine->name,
                             is_on(*machine) ? "" : "; its guest has none while it does not run"));
  return missing ? incomplete(console, *missing) : exit_success;
}

struct Wanted {
  std::string machine;
  Item item;
  bool host_only = false;
};

Result<int> change(Session& session, const VirtualMachine& machine, const Item& item, std::string_view method,
                   const std::string& success) {
  if (!wire::xml::can_carry(item.name) || !wire::xml::can_carry(item.value))
    return error(Failure::invalid_argument,
                 fmt::format("\"{}\" or its value cannot be sent: it is not UTF-8, or has a control character",
                             printable(item.name)));
  const std::string data =
      write_embedded("Msvm_KvpExchangeDataItem", {{"Name", "string", item.name},
                                                  {"Data", "string", item.value},
                                                  {"Source", "uint16", std::to_string(item.source)}});
  auto completion = session.call(management_service(), method, {{"TargetSystem", machine.path()}, {"DataItems", data}});
  if (!completion) return completion.error();
  if (completion->returned(schema::msvm::VirtualSystemManagementService::ModifyKvpItems::Code::file_not_found))
    completion->explanation =
        fmt::format("VM '{0}' has no key-value pair '{1}' of the host; those that are there: vmms kvp list {2}",
                    machine.name, item.name, machine.word());
  return finish(session.console(), *completion,
                {{"vm", machine.name}, {"id", machine.id}, {"source", source_name(item.source)}, {"name", item.name}},
                success);
}

// The host's item of the name, compared without case.
const Item* find_item(const std::vector<Item>& items, const std::string& name) {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const Item& each) { return equals_no_case(each.name, name); });
  return found == items.end() ? nullptr : &*found;
}

Result<int> set(Session& session, const Wanted& wanted) {
  const auto machine = session.find_virtual_machine(wanted.machine);
  if (!machine) return machine.error();
  const auto items = host_items(session, *machine);
  if (!items) return items.error();
  Item item = wanted.item;
  item.source = wanted.host_only ? for_host_only : for_guest;
  return change(session, *machine, item, find_item(*items, item.name) ? "ModifyKvpItems" : "AddKvpItems",
                printable(fmt::format("{} of VM '{}' is set", item.name, machine->name)));
}

Result<int> remove(Session& session, const Wanted& wanted) {
  const auto machine = session.find_virtual_machine(wanted.machine);
  if (!machine) return machine.error();
  const auto items = host_items(session, *machine);
  if (!items) return items.error();
  Item item = wanted.item;
  if (const Item* found = find_item(*items, item.name)) item.source = found->source;
  return change(session, *machine, item, "RemoveKvpItems",
                printable(fmt::format("{} of VM '{}' is removed", item.name, machine->name)));
}

}  // namespace

void add_kvp(CLI::App& app, Program& program) {
  CLI::App* kvp = app.add_subcommand("kvp", "Named values that host and guest tell each other: list, set, remove");
  kvp->require_subcommand(1);
  kvp->footer(
      R"(Sources: host (what the host tells the guest), host_only (kept for the host alone), guest (what programs of the guest
tell the host), guest_intrinsic (what the guest is). In a Linux guest the host's pairs are in
/var/lib/vmms/host-key-values, and programs write theirs to /var/lib/vmms/guest-key-values.)");

  auto wanted = std::make_shared<Wanted>();
  const auto add = [&](const char* verb, const char* description, const char* footer) {
    CLI::App* command = kvp->add_subcommand(verb, description);
    command->add_option("VM", wanted->machine, "name or GUID of the VM")->required()->type_name("");
    command->footer(footer);
    return command;
  };
  const auto add_name = [&](CLI::App* command) {
    command->add_option("NAME", wanted->item.name, "name of the pair, without case")->required()->type_name("");
    return command;
  };
  run_online(*add("list", "List the key-value pairs of a VM",
                  "Exit status: 1 when pairs of the guest are missing, since it is silent, has no agent or is paused; "
                  "those that are known are\nlisted, and standard error says why.\n\nExamples:\n  vmms kvp list demo\n"
                  "  vmms kvp list demo --json | jq -r '.[] | select(.name == \"OSName\") | .value'"),
             program, [wanted](Session& session) { return list(session, wanted->machine); });
  CLI::App* set_command =
      add_name(add("set", "Add or change a pair of the host's (AddKvpItems, ModifyKvpItems)",
                   "Examples:\n  vmms kvp set demo Role web\n  vmms kvp set --host-only demo Owner 'team blue'"));
  set_command->add_option("VALUE", wanted->item.value, "its value")->required()->type_name("");
  set_command->add_flag("--host-only", wanted->host_only, "keep it for the host: the guest does not see it");
  run_online(*set_command, program, [wanted](Session& session) { return set(session, *wanted); });
  run_online(
      *add_name(add("remove", "Remove a pair of the host's (RemoveKvpItems)", "Example:\n  vmms kvp remove demo Role")),
      program, [wanted](Session& session) { return remove(session, *wanted); });
}

}  // namespace vmms::cli
