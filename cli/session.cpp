#include "cli/session.hpp"

#include "base/case_folding.hpp"
#include "base/nearest.hpp"
#include "base/shell_word.hpp"
#include "base/text.hpp"
#include "wire/local_socket.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>

namespace vmms::cli {

namespace {

constexpr std::string_view computer_system = "Msvm_ComputerSystem";
constexpr std::string_view interface_guid = "6C09BB55-D683-4DA0-8931-C9BF705F6480";
constexpr std::string_view key_value_guid = "2A34B1C2-FD73-4043-8A5B-DD2159BC743F";
constexpr std::string_view shutdown_guid = "9F8233AC-BE49-4C79-8EE3-E7E1985B2077";

cim::ObjectPath make_path(std::string_view class_name, std::vector<cim::KeyBinding> keys) {
  cim::ObjectPath path;
  path.namespace_name = wsman::default_namespace;
  path.class_name = class_name;
  path.keys = std::move(keys);
  return path;
}

VirtualMachine read_machine(const wsman::Record& record) {
  return {std::string(record.text("Name")), std::string(record.text("ElementName")),
          enumerator<State>(record, "EnabledState")};
}

// The server reports lost communication for the host and each virtual machine: what it knows may be old.
std::optional<Error> lost_hypervisor(const wsman::Record& record) {
  using OperationalStatus = schema::msvm::ComputerSystem::OperationalStatus;
  const auto status = record.texts("OperationalStatus");
  if (status.empty() || status.front() != to_input(OperationalStatus::lost_communication)) return std::nullopt;
  const auto why = record.texts("StatusDescriptions");
  return error(Failure::unreachable,
               fmt::format("the server does not know how its VMs are: {}. What it knew before: vmms query 'SELECT "
                           "ElementName, EnabledState FROM Msvm_ComputerSystem'",
                           why.empty() ? std::string_view("it has lost its hypervisor") : why.front()));
}

Result<std::string> find_password(const Options& options, Console& console) {
  if (!options.password_file.empty()) {
    std::ifstream file(options.password_file);
    if (!file)
      return error(Failure::invalid_argument, fmt::format("cannot read the password file {}: {}", options.password_file,
                                                          std::generic_category().message(errno)));
    struct stat status {};
    if (stat(options.password_file.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
      console.note(fmt::format("vmms: others may read {}: chmod 600 it", options.password_file));
    Console from_file{file, console.out, console.err};
    return read_password(from_file, {}, false);
  }
  if (const char* password = std::getenv("VMMS_PASSWORD")) return std::string(password);
  if (console.asks_passwords) return read_password(console, "Password of " + options.user, false);
  return error(Failure::invalid_argument,
               fmt::format("no password for user {}: name a file with --password-file FILE, or set VMMS_PASSWORD",
                           options.user));
}

}  // namespace

cim::ObjectPath VirtualMachine::path() const {
  return make_path(computer_system, {{"CreationClassName", std::string(computer_system)}, {"Name", id}});
}

std::string VirtualMachine::word() const { return shell_argument(name, id); }

std::string state_name(State state) {
  switch (state) {
    case State::running:
      return "running";
    case State::off:
      return "off";
    case State::stopping:
      return "stopping";
    case State::saved:
      return "saved";
    case State::paused:
      return "paused";
    case State::starting:
      return "starting";
    case State::resetting:
      return "resetting";
    case State::saving:
      return "saving";
    case State::pausing:
      return "pausing";
    case State::resuming:
      return "resuming";
    default:
      return "state " + to_input(state);
  }
}

cim::ObjectPath management_service() {
  return make_path("Msvm_VirtualSystemManagementService",
                   {{"CreationClassName", "Msvm_VirtualSystemManagementService"}});
}

namespace {

cim::ObjectPath component_path(const VirtualMachine& machine, std::string_view class_name, std::string_view guid) {
  return make_path(class_name, {{"SystemCreationClassName", std::string(computer_system)},
                                {"SystemName", machine.id},
                                {"CreationClassName", std::string(class_name)},
                                {"DeviceID", fmt::format("Microsoft:{}", guid)}});
}

cim::ObjectPath setting_path(const VirtualMachine& machine, std::string_view class_name, std::string_view guid) {
  return make_path(class_name, {{"InstanceID", fmt::format("Microsoft:{}\\{}", machine.id, guid)}});
}

}  // namespace

cim::ObjectPath interface_component(const VirtualMachine& machine) {
  return component_path(machine, "Msvm_GuestServiceInterfaceComponent", interface_guid);
}

cim::ObjectPath interface_settings(const VirtualMachine& machine) {
  return setting_path(machine, "Msvm_GuestServiceInterfaceComponentSettingData", interface_guid);
}

cim::ObjectPath key_value_component(const VirtualMachine& machine) {
  return component_path(machine, "Msvm_KvpExchangeComponent", key_value_guid);
}

cim::ObjectPath key_value_settings(const VirtualMachine& machine) {
  return setting_path(machine, "Msvm_KvpExchangeComponentSettingData", key_value_guid);
}

cim::ObjectPath shutdown_component(const VirtualMachine& machine) {
  return component_path(machine, "Msvm_ShutdownComponent", shutdown_guid);
}

cim::ObjectPath guest_service(const VirtualMachine& machine, std::string_view name) {
  return make_path("Vmms_GuestOSService", {{"SystemCreationClassName", std::string(computer_system)},
                                           {"SystemName", machine.id},
                                           {"CreationClassName", "Vmms_GuestOSService"},
                                           {"Name", std::string(name)}});
}

Session::Session(wsman::Client client, std::string server, wsman::ClientOptions settings, bool timeout_is_given,
                 Console& console)
    : client_(std::move(client)),
      server_(std::move(server)),
      settings_(std::move(settings)),
      timeout_is_given_(timeout_is_given),
      console_(console) {}

std::string default_server(bool has_user) {
  for (const std::string& path : {wire::own_socket().value_or(""), std::string(wire::host_socket)}) {
    struct stat status {};
    if (path.empty() || stat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) continue;
    // A caller without a user learns why it may not use the socket.
    if (!has_user || access(path.c_str(), W_OK) == 0) return "unix:" + path;
  }
  return "http://127.0.0.1:5985/wsman";
}

Result<Session> Session::open(const Options& options, Console& console) {
  const std::string server = options.server.empty() ? default_server(!options.user.empty()) : options.server;
  const bool is_local = server.starts_with("unix:");
  const std::chrono::seconds timeout(options.timeout_seconds.value_or(Options::default_timeout_seconds));
  wsman::ClientOptions settings;
  settings.connection.verify_certificate = !options.insecure;
  settings.connection.ca_file = options.ca_file;
  settings.operation_timeout = timeout;
  settings.allow_clear_password = options.insecure;
  settings.user = is_local ? std::string() : options.user;
  if (!settings.user.empty()) {
    auto password = find_password(options, console);
    if (!password) return password.error();
    settings.password = std::move(*password);
  } else if (!options.password_file.empty() && !is_local) {
    return error(Failure::invalid_argument, "a password needs its user: add --user NAME, or set VMMS_USER");
  }
  auto client = wsman::Client::create(server, settings);
  if (!client) return client.error();
  return Session(std::move(*client), server, std::move(settings), options.timeout_seconds.has_value(), console);
}

Result<Session::Inventory> Session::inventory() {
  Inventory inventory;
  const Status status = client_.enumerate(wsman::default_namespace, computer_system, {}, [&](wsman::Record record) {
    if (!inventory.lost) inventory.lost = lost_hypervisor(record);
    // The host itself is an instance of the class too, named by its computer name.
    if (is_guid(record.text("Name"))) inventory.machines.push_back(std::move(record));
    return true;
  });
  if (!status) return status.error();
  std::stable_sort(inventory.machines.begin(), inventory.machines.end(),
                   [](const wsman::Record& left, const wsman::Record& right) {
                     return compare_no_case(left.text("ElementName"), right.text("ElementName")) < 0;
                   });
  return inventory;
}

Result<VirtualMachine> Session::find_virtual_machine(std::string_view name) {
  if (is_guid(name)) {
    VirtualMachine wanted;
    wanted.id = to_upper(name);
    const auto record = client_.get(wanted.path());
    if (record) {
      if (auto lost = lost_hypervisor(*record)) return *lost;
      return read_machine(*record);
    }
    if (record.error().kind != Failure::not_found) return record.error();
  }
  const auto known = inventory();
  if (!known) return known.error();
  if (known->lost) return *known->lost;
  return find_virtual_machine(name, *known);
}

Result<VirtualMachine> Session::find_virtual_machine(std::string_view name, const Inventory& inventory) const {
  std::vector<VirtualMachine> candidates;
  for (const wsman::Record& record : inventory.machines) {
    if (equals_no_case(record.text("Name"), name)) return read_machine(record);
    if (equals_folded(record.text("ElementName"), name)) candidates.push_back(read_machine(record));
  }
  if (candidates.empty()) {
    std::vector<std::string> names;
    for (const wsman::Record& record : inventory.machines) names.emplace_back(record.text("ElementName"));
    const std::string near = nearest(name, names);
    return error(Failure::not_found,
                 fmt::format("there is no VM '{}' on {}{}; list them with: vmms vm list", name,
                             client_.endpoint().url(), near.empty() ? "" : fmt::format("; did you mean '{}'", near)));
  }
  if (candidates.size() > 1) {
    std::vector<VirtualMachine> exact;
    std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(exact),
                 [&](const VirtualMachine& machine) { return machine.name == name; });
    if (exact.size() == 1) return exact.front();
    std::string list;
    for (const VirtualMachine& machine : candidates) list += fmt::format("\n  {}  {}", machine.id, machine.name);
    return error(Failure::invalid_argument,
                 fmt::format("{} VMs are named '{}'; name one by its GUID:{}", candidates.size(), name, list));
  }
  return candidates.front();
}

}  // namespace vmms::cli
