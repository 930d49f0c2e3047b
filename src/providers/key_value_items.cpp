#include "providers/key_value_items.hpp"

#include "base/text.hpp"
#include "cim/typed.hpp"
#include "schema/msvm/kvp_exchange_data_item.hpp"

#include <algorithm>
#include <map>

namespace vmms::providers {

using hypervisor::Settings;
using DataItem = schema::msvm::KvpExchangeDataItem;
using KeyValues = std::vector<Settings::KeyValue>;

namespace {

// Characters of UTF-8; NULL: it is none, or has characters that no XML and no line of a file can carry.
std::optional<std::size_t> characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F) return std::nullopt;
    if ((byte & 0xC0U) != 0x80U) ++count;
  }
  return count;
}

Error invalid(std::string message) { return error(Failure::invalid_argument, std::move(message)); }

Result<Settings::KeyValue> read_item(const cim::InstancePtr& instance) {
  const auto item = cim::from_instance<DataItem>(instance, "DataItems");
  if (!item) return item.error();
  Settings::KeyValue found{item->name.value_or(""), item->data.value_or(""), false};
  const auto name = characters(found.name);
  const auto value = characters(found.value);
  if (!name || *name == 0 || *name > guest::key_value_characters || found.name.find('\n') != std::string::npos)
    return invalid(fmt::format("the Name of a key-value pair has 1 to {} characters, none of them control characters",
                               guest::key_value_characters));
  if (!value || *value > guest::key_value_characters)
    return invalid(
        fmt::format("the Data of key-value pair '{}' has up to {} characters, of the control characters only "
                    "tab and line feed",
                    found.name, guest::key_value_characters));
  const auto source = static_cast<KeyValueSource>(item->source.value_or(0));
  if (source != KeyValueSource::host && source != KeyValueSource::host_only)
    return invalid(
        fmt::format("the Source {} of key-value pair '{}' is not valid: 0 is for the guest, 4 for the host "
                    "alone",
                    *item->source, found.name));
  found.host_only = source == KeyValueSource::host_only;
  return found;
}

KeyValues::iterator place_of(KeyValues& values, const std::string& name) {
  return std::lower_bound(values.begin(), values.end(), name,
                          [](const auto& known, const auto& wanted) { return LessNoCase()(known.name, wanted); });
}

Status change_one(KeyValues& values, KeyValueChange kind, const Settings::KeyValue& item, const std::string& machine) {
  const auto at = place_of(values, item.name);
  const bool present = at != values.end() && equals_no_case(at->name, item.name);
  if (kind == KeyValueChange::add) {
    if (present)
      return error(Failure::already_exists,
                   fmt::format("virtual machine '{}' has a key-value pair '{}' already", machine, at->name));
    values.insert(at, item);
  } else if (!present) {
    return error(Failure::not_found,
                 fmt::format("virtual machine '{}' has no key-value pair '{}'", machine, item.name));
  } else if (kind == KeyValueChange::modify) {
    at->value = item.value;
    at->host_only = item.host_only;
  } else {
    values.erase(at);
  }
  return {};
}

Status check_size(const KeyValues& values, const std::string& machine) {
  std::size_t bytes = 0;
  for (const auto& each : values) bytes += each.name.size() + each.value.size() + 2;
  if (bytes <= guest::key_values_bytes / 2 && values.size() <= guest::key_values_count) return {};
  return error(Failure::busy,
               fmt::format("the key-value pairs of virtual machine '{}' would be {} with {} bytes: up to {} with {} "
                           "bytes fit",
                           machine, values.size(), bytes, guest::key_values_count, guest::key_values_bytes / 2));
}

}  // namespace

cim::InstancePtr key_value_item(std::string_view name, std::string_view value, KeyValueSource source) {
  DataItem item;
  item.name = std::string(name);
  item.data = std::string(value);
  item.source = static_cast<std::uint16_t>(source);
  return std::make_shared<const cim::Instance>(cim::to_instance(std::move(item)));
}

std::vector<cim::InstancePtr> host_items(const Settings& settings, bool host_only) {
  std::vector<cim::InstancePtr> items;
  for (const auto& each : settings.host_key_values)
    if (each.host_only == host_only)
      items.push_back(
          key_value_item(each.name, each.value, host_only ? KeyValueSource::host_only : KeyValueSource::host));
  return items;
}

guest::KeyValues delivered_items(const Settings& settings) {
  guest::KeyValues values;
  if (!settings.key_value_exchange.value_or(true) || settings.host_key_values_disabled.value_or(false)) return values;
  for (const auto& each : settings.host_key_values)
    if (!each.host_only) values.emplace_back(each.name, each.value);
  return values;
}

std::vector<cim::InstancePtr> intrinsic_items(const guest::Identity& identity) {
  const guest::OperatingSystem& system = identity.system;
  const bool windows = system.id == "mswindows";
  std::map<std::string, std::string> values;
  values["FullyQualifiedDomainName"] = identity.host_name;
  values["IntegrationServicesVersion"] = identity.agent_version;
  values["OSName"] = windows || system.short_name.empty() ? system.name : system.short_name;
  values["ProcessorArchitecture"] = system.machine;
  if (windows) {
    // kernel-version "10.0", kernel-release "17763".
    const std::size_t dot = system.kernel_version.find('.');
    values["OSVersion"] = system.kernel_version + "." + system.kernel_release;
    values["OSMajorVersion"] = system.kernel_version.substr(0, dot);
    values["OSMinorVersion"] = dot == std::string::npos ? "0" : system.kernel_version.substr(dot + 1);
    values["OSPlatformId"] = "2";
    values["CSDVersion"] = "";
    if (system.machine == "x86_64") values["ProcessorArchitecture"] = "9";  // PROCESSOR_ARCHITECTURE_AMD64
  } else {
    // As hv_kvp_daemon: the version of the distribution, the release of the kernel.
    const std::size_t dot = system.version.find('.');
    values["OSVersion"] = system.kernel_release.substr(0, system.kernel_release.find('-'));
    values["OSMajorVersion"] = system.version.substr(0, dot);
    values["OSMinorVersion"] = dot == std::string::npos ? "" : system.version.substr(dot + 1);
  }
  values["OSBuildNumber"] = system.kernel_release;
  std::string& version_4 = values["NetworkAddressIPv4"];
  std::string& version_6 = values["NetworkAddressIPv6"];
  for (const guest::NetworkInterface& interface : identity.interfaces) {
    if (interface.hardware_address.empty()) continue;  // loopback
    for (const guest::IpAddress& address : interface.addresses) {
      std::string& list = address.version_6 ? version_6 : version_4;
      if (!list.empty()) list += ';';
      list += address.text;
    }
  }
  std::vector<cim::InstancePtr> items;
  for (const auto& [name, value] : values)
    items.push_back(
        key_value_item(name, value.substr(0, guest::key_value_characters), KeyValueSource::guest_intrinsic));
  return items;
}

Status change_key_values(const Environment& environment, KeyValueChange kind, const cim::ObjectPath& path,
                         const std::vector<cim::InstancePtr>& items) {
  const auto machine = find_machine(environment, path.value("Name"));
  if (!machine) return machine.error();
  std::vector<Settings::KeyValue> wanted;
  for (const cim::InstancePtr& instance : items) {
    auto item = read_item(instance);
    if (!item) return item.error();
    wanted.push_back(*std::move(item));
  }
  Status outcome;
  const auto change_all = [&](KeyValues& values) -> Status {
    for (const Settings::KeyValue& item : wanted)
      if (const Status changed = change_one(values, kind, item, (*machine)->name); !changed) return changed;
    return check_size(values, (*machine)->name);
  };
  const Status written = environment.host.change_settings((*machine)->id, [&](Settings& stored) {
    KeyValues values = stored.host_key_values;
    outcome = change_all(values);
    if (outcome) stored.host_key_values = std::move(values);
  });
  return written ? outcome : written;
}

}  // namespace vmms::providers
