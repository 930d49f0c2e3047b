#include "hypervisor/simulator/description.hpp"

#include "base/text.hpp"
#include "guest/services/unit_name.hpp"
#include "guest/services/windows.hpp"
#include "hypervisor/simulator/manager_words.hpp"
#include "hypervisor/simulator/table_reader.hpp"

#include <arpa/inet.h>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <unordered_set>

namespace vmms::hypervisor::simulator {

namespace {

constexpr std::int64_t most_machines = 1'000'000;
constexpr std::int64_t longest_time = std::int64_t{24} * 60 * 60 * 1000;
constexpr std::int64_t mebibyte = std::int64_t{1} << 20;
constexpr milliseconds slow_start{5000};
constexpr std::string_view windows_id = "mswindows";  // guest-get-osinfo
constexpr milliseconds patience_of_stop{5000};

const std::vector<std::string_view> unit_file_states{
    "enabled", "enabled-runtime", "linked",   "linked-runtime", "alias",     "masked", "masked-runtime",
    "static",  "disabled",        "indirect", "generated",      "transient", "bad"};

bool is_agent_command(std::string_view text) {
  return text.starts_with("guest-") && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == text.npos;
}

bool is_address(const std::string& text) {
  in6_addr address{};  // room for either
  return inet_pton(AF_INET, text.c_str(), &address) == 1 || inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

// Names the machines of a file: the same host and name give the same id, whatever else changes.
std::string derived_id(const std::string& host, const std::string& name) {
  static const boost::uuids::uuid project{
      {0x8e, 0x5f, 0x0f, 0x1c, 0x3d, 0x52, 0x4b, 0x0e, 0x9a, 0x6d, 0x51, 0x1c, 0x33, 0x7a, 0x1e, 0x64}};
  return to_upper(boost::uuids::to_string(boost::uuids::name_generator_sha1(project)(host + "/" + name)));
}

void read_time(TableReader& reader, std::string_view key, milliseconds& value) {
  std::int64_t count = value.count();
  reader.read(key, count, 0, longest_time);
  value = milliseconds(count);
}

template <class Number>
void read_number(TableReader& reader, std::string_view key, Number& value, std::int64_t least, std::int64_t most) {
  std::int64_t number = static_cast<std::int64_t>(value);
  reader.read(key, number, least, most);
  value = static_cast<Number>(number);
}

class Reader {
 public:
  explicit Reader(std::string_view file) : file_(file) {}

  FleetDescription read(const toml::table& root) {
    TableReader reader(root, file_);
    set_defaults(fleet_.host);
    reader.tables("host", [&](const toml::table& table) { read_host(table); });
    reader.tables("template", [&](const toml::table& table) { read_templates(table); });
    reader.tables("vm", [&](const toml::table& table) { read_machine(table); });
    reader.tables("fleet", [&](const toml::table& table) { read_fleet(table); });
    reader.finish();
    complete_host(fleet_.host);
    return std::move(fleet_);
  }

 private:
  static void set_defaults(HostInformation& host) {
    host.name = "simulated";
    host.this_machine = true;
    host.hypervisor = "simulator";
    host.processors = 64;
    host.memory_bytes = std::uint64_t{512} << 30;
    host.manufacturer = "vmms";
    host.model = "Simulated Machine";
    host.serial_number = "0";
    host.machine_version = "1.0";
    host.processor_model = "Simulated Processor";
    host.processor_megahertz = 2000;
    host.architecture = "x86_64";
    host.operating_system = "Simulated Operating System";
    host.operating_system_version = "1.0.0";
  }

  void read_host(const toml::table& table) {
    TableReader reader(table, file_);
    HostInformation& host = fleet_.host;
    reader.read("name", host.name);
    reader.read("hypervisor", host.hypervisor);
    read_number(reader, "processors", host.processors, 1, 65536);
    read_number(reader, "numa_nodes", host.numa_nodes, 1, 1024);
    std::int64_t memory = static_cast<std::int64_t>(host.memory_bytes) / mebibyte;
    reader.read("memory_mib", memory, 1, std::int64_t{1} << 32);
    host.memory_bytes = static_cast<std::uint64_t>(memory * mebibyte);
    reader.read("uuid", host.uuid);
    if (!host.uuid.empty() && !is_guid(host.uuid))
      reader.fail("uuid", "\"uuid\" must be a GUID, such as " + derived_id(host.name, {}));
    host.uuid = to_upper(host.uuid);
    reader.read("manufacturer", host.manufacturer);
    reader.read("model", host.model);
    reader.read("serial_number", host.serial_number);
    reader.read("processor_model", host.processor_model);
    reader.read("operating_system", host.operating_system);
    reader.read("operating_system_version", host.operating_system_version);
    reader.read("vsock", host.vsock);
    reader.read("connection_lost", fleet_.connection_lost);
    reader.finish();
  }

  // What follows from the rest when the file does not say.
  static void complete_host(HostInformation& host) {
    if (host.uuid.empty()) host.uuid = derived_id(host.name, {});
    host.sockets = host.numa_nodes;
    host.cores = std::max(host.processors / host.sockets, 1U);
  }

  void read_templates(const toml::table& table) {
    for (const auto& [key, node] : table) {
      const toml::table* description = node.as_table();
      if (description == nullptr)
        throw DescriptionError(file_, node.source(), "a template is a table: [template.NAME]");
      TableReader reader(*description, file_);
      MachineDescription machine;
      read_description(reader, machine);
      reader.finish();
      templates_.emplace(key.str(), std::make_shared<const MachineDescription>(std::move(machine)));
    }
  }

  void read_machine(const toml::table& table) {
    TableReader reader(table, file_);
    NamedMachine machine;
    machine.description = read_with_template(reader);
    reader.read("name", machine.name);
    if (machine.name.empty()) reader.fail("name", "a VM needs a \"name\"");
    machine.id = derived_id(fleet_.host.name, machine.name);
    reader.read("id", machine.id);
    if (!is_guid(machine.id)) reader.fail("id", "\"id\" must be a GUID, such as " + derived_id("", machine.name));
    machine.id = to_upper(machine.id);
    reader.finish();
    add(std::move(machine), reader);
  }

  void read_fleet(const toml::table& table) {
    TableReader reader(table, file_);
    const auto description = read_with_template(reader);
    std::string prefix;
    reader.read("prefix", prefix);
    if (prefix.empty()) reader.fail("prefix", "a fleet needs a \"prefix\" for the names of its VMs");
    std::int64_t count = 0;
    reader.read("count", count, 1, most_machines);
    if (count == 0) reader.fail("count", "a fleet needs a \"count\" of VMs");
    reader.finish();
    const std::size_t width = std::to_string(count).size();
    fleet_.machines.reserve(fleet_.machines.size() + static_cast<std::size_t>(count));
    for (std::int64_t i = 1; i <= count; ++i) {
      std::string name = fmt::format("{}{:0{}}", prefix, i, width);
      std::string id = derived_id(fleet_.host.name, name);
      add({std::move(name), std::move(id), description}, reader);
    }
  }

  void add(NamedMachine machine, const TableReader& reader) {
    if (fleet_.machines.size() >= static_cast<std::size_t>(most_machines))
      reader.fail("count", fmt::format("more than {} VMs", most_machines));
    if (!names_.insert(machine.name).second)
      reader.fail("name", fmt::format("there are two VMs named \"{}\"", machine.name));
    if (!ids_.insert(machine.id).second) reader.fail("id", fmt::format("there are two VMs with the id {}", machine.id));
    fleet_.machines.push_back(std::move(machine));
  }

  std::shared_ptr<const MachineDescription> read_with_template(TableReader& reader) {
    std::string name;
    reader.read("template", name);
    MachineDescription machine;
    if (!name.empty()) {
      const auto found = templates_.find(name);
      if (found == templates_.end())
        reader.fail("template", fmt::format("there is no template \"{0}\": write one as [template.{0}]", name));
      machine = *found->second;
    }
    read_description(reader, machine);
    return std::make_shared<const MachineDescription>(std::move(machine));
  }

  void read_description(TableReader& reader, MachineDescription& machine) {
    reader.read("description", machine.description);
    // In the order of PowerState.
    reader.read("state", machine.power, {"off", "running", "paused", "saved"});
    read_number(reader, "processors", machine.processors, 1, 4096);
    std::int64_t memory = static_cast<std::int64_t>(machine.memory_bytes) / mebibyte;
    reader.read("memory_mib", memory, 1, std::int64_t{1} << 32);
    machine.memory_bytes = static_cast<std::uint64_t>(memory * mebibyte);
    std::vector<std::string> faults;
    reader.read("faults", faults);
    for (const std::string& fault : faults) {
      if (fault != "start" && fault != "turn_off")
        reader.fail("faults", fmt::format("unknown fault \"{}\"; known are \"start\" and \"turn_off\"", fault));
      (fault == "start" ? machine.start_fails : machine.turn_off_fails) = true;
    }
    if (reader.has("vsock_context")) {
      std::int64_t context = 3;
      reader.read("vsock_context", context, 3, std::int64_t{1} << 31);
      machine.vsock_context = static_cast<std::uint32_t>(context);
    }
    reader.tables("settings", [&](const toml::table& table) { read_settings(table, machine.settings); });
    reader.tables("guest", [&](const toml::table& table) {
      GuestDescription guest = machine.guest ? *machine.guest : GuestDescription();
      read_guest(table, guest);
      machine.guest = std::make_shared<const GuestDescription>(std::move(guest));
    });
  }

  void read_settings(const toml::table& table, Settings& settings) {
    TableReader reader(table, file_);
    for (const Switch& known : switches) {
      if (known.name == nullptr) continue;
      bool flag = false;
      reader.read(known.name, flag);
      if (reader.has(known.name)) settings.*known.value = flag;
    }
    reader.finish();
  }

  void read_guest(const toml::table& table, GuestDescription& guest) {
    TableReader reader(table, file_);
    reader.read("agent", guest.agent, {"none", "connected", "silent"});
    reader.read("service_manager", guest.manager, {"systemd", "none", "starting", "openrc", "sysvinit", "windows"});
    if (guest.manager == ManagerState::windows && guest.os_id != windows_id) {
      guest.os_id = windows_id;
      guest.os_name = "Windows Server 2019 Datacenter";
      guest.os_version = "2019";
      guest.kernel_release = "17763";
    }
    if (reader.has("starting_milliseconds")) guest.manager_ready = milliseconds(0);
    read_time(reader, "starting_milliseconds", guest.manager_ready ? *guest.manager_ready : ignored_);
    read_time(reader, "boot_milliseconds", guest.boot_time);
    read_time(reader, "latency_milliseconds", guest.latency);
    reader.read("frozen", guest.frozen);
    reader.read("forbids", guest.forbids);
    for (const std::string& command : guest.forbids)
      if (!is_agent_command(command))
        reader.fail("forbids", fmt::format("\"{}\" is no command of an agent, such as \"guest-exec\"", command));
    reader.read("host_name", guest.host_name);
    reader.read("addresses", guest.addresses);
    for (const std::string& address : guest.addresses)
      if (!is_address(address))
        reader.fail("addresses", fmt::format("\"{}\" is no IPv4 or IPv6 address, such as \"192.0.2.10\"", address));
    std::int64_t offset = guest.clock_offset.count();
    reader.read("clock_offset_milliseconds", offset, -longest_time, longest_time);
    guest.clock_offset = milliseconds(offset);
    reader.tables("key_values", [&](const toml::table& values) { read_key_values(values, guest.key_values); });
    reader.tables("os", [&](const toml::table& system) {
      TableReader os(system, file_);
      os.read("id", guest.os_id);
      os.read("name", guest.os_name);
      os.read("version", guest.os_version);
      os.read("kernel", guest.kernel_release);
      os.read("machine", guest.machine);
      os.finish();
    });
    std::unordered_set<std::string> said;
    reader.tables("service", [&](const toml::table& service) { read_service(service, guest, said); });
    reader.finish();
  }

  void read_key_values(const toml::table& table, guest::KeyValues& values) {
    TableReader reader(table, file_);
    for (const auto& [key, node] : table) {
      std::string value;
      reader.read(key.str(), value);
      const auto at =
          std::lower_bound(values.begin(), values.end(), std::pair<std::string, std::string>(key.str(), ""));
      if (at != values.end() && at->first == key.str())
        at->second = value;
      else
        values.emplace(at, std::string(key.str()), value);
    }
    reader.finish();
  }

  // `said`: the names of those that stand in the same place of the file.
  void read_service(const toml::table& table, GuestDescription& guest, std::unordered_set<std::string>& said) {
    TableReader reader(table, file_);
    std::string name;
    reader.read("name", name);
    const bool windows = guest.manager == ManagerState::windows;
    if (windows || !guest::is_service_template(name)) name = read_name(reader, "name", name, windows);
    if (!said.insert(windows ? to_upper(name) : name).second)
      reader.fail("name", fmt::format("this guest has two services named \"{}\"", manager_name(guest.manager, name)));
    // A service that the template described already is changed, not doubled.
    const auto named = [&](const ServiceDescription& each) {
      return windows ? equals_no_case(each.name, name) : each.name == name;
    };
    auto found = std::find_if(guest.services.begin(), guest.services.end(), named);
    if (found == guest.services.end()) {
      found = guest.services.emplace(guest.services.end());
      found->name = name;
      found->description = manager_name(guest.manager, name);
    }
    ServiceDescription& service = *found;
    reader.read("description", service.description);
    if (reader.has("unit_file_state")) read_word(reader, "unit_file_state", service.unit_file_state, unit_file_states);
    reader.read("log", service.log);
    reader.read("remain_after_exit", service.remain_after_exit);
    reader.read("masked", service.masked);
    read_number(reader, "exit_status", service.exit_status, 1, 255);
    read_word(reader, "type", service.type, {"simple", "exec", "forking", "oneshot", "dbus", "notify", "idle"});
    read_word(reader, "state", service.active_state, {"inactive", "active", "failed"});

    std::size_t start = static_cast<std::size_t>(service.start);
    reader.read("start", start, {"ok", "fail", "dies", "hang", "condition", "assertion", "slow"});
    const bool slow = start == 6;
    service.start = slow ? StartBehaviour::ok : static_cast<StartBehaviour>(start);
    if (slow) service.start_time = slow_start;
    read_time(reader, "start_milliseconds", service.start_time);
    reader.read("ignores_stop", service.ignores_stop);
    if (service.ignores_stop && service.stop_time == milliseconds(0)) service.stop_time = patience_of_stop;
    read_time(reader, "stop_milliseconds", service.stop_time);

    std::vector<std::string> aliases = service.aliases;
    reader.read("aliases", aliases);
    service.aliases.clear();
    for (const std::string& alias : aliases) service.aliases.push_back(read_name(reader, "aliases", alias, windows));
    reader.finish();
  }

  // With the suffix that all names have here, also those of Windows, whose key names are others than systemd's.
  static std::string read_name(const TableReader& reader, std::string_view key, std::string_view name, bool windows) {
    Result<std::string> full_name = windows ? guest::windows_service_name(name) : guest::service_unit_name(name);
    if (!full_name) reader.fail(key, full_name.error().message);
    return windows ? *full_name + ".service" : *std::move(full_name);
  }

  static void read_word(TableReader& reader, std::string_view key, std::string& value,
                        const std::vector<std::string_view>& words) {
    std::size_t index = words.size();
    reader.read(key, index, words);
    if (index < words.size()) value = words[index];
  }

  std::string_view file_;
  FleetDescription fleet_;
  std::map<std::string, std::shared_ptr<const MachineDescription>, std::less<>> templates_;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> ids_;
  milliseconds ignored_{0};
};

}  // namespace

Result<FleetDescription> parse_description(std::string_view toml, std::string_view file) {
  try {
    return Reader(file).read(toml::parse(toml, file));
  } catch (const toml::parse_error& broken) {
    return error(Failure::invalid_argument, fmt::format("{}:{}:{}: {}", file, broken.source().begin.line,
                                                        broken.source().begin.column, broken.description()));
  } catch (const DescriptionError& wrong) {
    return error(Failure::invalid_argument, wrong.what());
  } catch (const std::runtime_error& assertion) {
    return error(Failure::invalid_argument, fmt::format("{}: {}", file, assertion.what()));
  }
}

Result<FleetDescription> read_description(const std::filesystem::path& file) {
  std::error_code code;
  // One that waits, or never ends, would hold the start.
  if (const auto kind = std::filesystem::status(file, code);
      !code && kind.type() != std::filesystem::file_type::regular)
    return error(Failure::not_found,
                 fmt::format("{}: the description of the simulated fleet is not a regular file", file.string()));
  std::ifstream stream(file, std::ios::binary);
  if (!code && !stream) code = std::error_code(errno, std::generic_category());
  if (code)
    return error(Failure::not_found, fmt::format("{}: the description of the simulated fleet cannot be read: {}",
                                                 file.string(), code.message()));
  return parse_description(std::string{std::istreambuf_iterator<char>(stream), {}}, file.string());
}

}  // namespace vmms::hypervisor::simulator
