#include "cli/session.hpp"

#include "base/text.hpp"
#include "wire/local_socket.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace vmms::cli {

namespace {

constexpr std::string_view computer_system = "Msvm_ComputerSystem";
constexpr std::string_view interface_guid = "6C09BB55-D683-4DA0-8931-C9BF705F6480";

cim::ObjectPath make_path(std::string_view class_name, std::vector<cim::KeyBinding> keys) {
  cim::ObjectPath path;
  path.namespace_name = wsman::default_namespace;
  path.class_name = class_name;
  path.keys = std::move(keys);
  return path;
}

VirtualMachine read_machine(const wsman::Record& record) {
  return {std::string(record.text("Name")), std::string(record.text("ElementName")),
          static_cast<State>(record.number("EnabledState").value_or(0))};
}

Result<std::string> find_password(const Options& options, Console& console) {
  if (!options.password_file.empty()) {
    std::ifstream file(options.password_file);
    if (!file)
      return error(Failure::invalid_argument, fmt::format("cannot read the password file {}", options.password_file));
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

std::string state_name(State state) {
  switch (static_cast<std::uint64_t>(state)) {
    case 2:
      return "running";
    case 3:
      return "off";
    case 4:
      return "stopping";
    case 6:
      return "saved";
    case 9:
      return "paused";
    case 10:
      return "starting";
    case 11:
      return "resetting";
    case 32773:
      return "saving";
    case 32776:
      return "pausing";
    case 32777:
      return "resuming";
    default:
      return fmt::format("state {}", static_cast<std::uint64_t>(state));
  }
}

cim::ObjectPath interface_component(const VirtualMachine& machine) {
  return make_path("Msvm_GuestServiceInterfaceComponent", {{"SystemCreationClassName", std::string(computer_system)},
                                                           {"SystemName", machine.id},
                                                           {"CreationClassName", "Msvm_GuestServiceInterfaceComponent"},
                                                           {"DeviceID", fmt::format("Microsoft:{}", interface_guid)}});
}

cim::ObjectPath shutdown_component(const VirtualMachine& machine) {
  return make_path("Msvm_ShutdownComponent", {{"SystemCreationClassName", std::string(computer_system)},
                                              {"SystemName", machine.id},
                                              {"CreationClassName", "Msvm_ShutdownComponent"},
                                              {"DeviceID", "Microsoft:9F8233AC-BE49-4C79-8EE3-E7E1985B2077"}});
}

cim::ObjectPath interface_settings(const VirtualMachine& machine) {
  return make_path("Msvm_GuestServiceInterfaceComponentSettingData",
                   {{"InstanceID", fmt::format("Microsoft:{}\\{}", machine.id, interface_guid)}});
}

cim::ObjectPath guest_service(const VirtualMachine& machine, std::string_view name) {
  return make_path("Vmms_GuestOSService", {{"SystemCreationClassName", std::string(computer_system)},
                                           {"SystemName", machine.id},
                                           {"CreationClassName", "Vmms_GuestOSService"},
                                           {"Name", std::string(name)}});
}

Session::Session(wsman::Client client, std::string server, wsman::ClientOptions settings, Console& console)
    : client_(std::move(client)), server_(std::move(server)), settings_(std::move(settings)), console_(console) {}

std::string default_server() {
  for (const std::string& path : {wire::own_socket().value_or(""), std::string(wire::host_socket)}) {
    struct stat status {};
    if (!path.empty() && stat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) return "unix:" + path;
  }
  return "http://127.0.0.1:5985/wsman";
}

Result<Session> Session::open(const Options& options, Console& console) {
  const std::string server = options.server.empty() ? default_server() : options.server;
  const bool is_local = server.starts_with("unix:");
  const std::chrono::seconds timeout(options.timeout_seconds);
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
  return Session(std::move(*client), server, std::move(settings), console);
}

Result<std::vector<wsman::Record>> Session::virtual_machines() {
  std::vector<wsman::Record> machines;
  const Status status = client_.enumerate(wsman::default_namespace, computer_system, {}, [&](wsman::Record record) {
    // The host itself is an instance of the class too, named by its computer name.
    if (is_guid(record.text("Name"))) machines.push_back(std::move(record));
    return true;
  });
  if (!status) return status.error();
  std::stable_sort(machines.begin(), machines.end(), [](const wsman::Record& left, const wsman::Record& right) {
    return compare_no_case(left.text("ElementName"), right.text("ElementName")) < 0;
  });
  return machines;
}

Result<VirtualMachine> Session::find_virtual_machine(std::string_view name) {
  if (is_guid(name)) {
    VirtualMachine wanted;
    wanted.id = to_upper(name);
    const auto record = client_.get(wanted.path());
    if (record) return read_machine(*record);
    if (record.error().kind != Failure::not_found) return record.error();
  }
  const auto machines = virtual_machines();
  if (!machines) return machines.error();
  std::vector<VirtualMachine> candidates;
  for (const wsman::Record& record : *machines)
    if (equals_no_case(record.text("ElementName"), name)) candidates.push_back(read_machine(record));
  if (candidates.empty())
    return error(Failure::not_found, fmt::format("there is no VM '{}' on {}: list them with: vmms vm list", name,
                                                 client_.endpoint().url()));
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
