#include "providers/integration/key_value_items.hpp"

#include "base/text.hpp"
#include "cim/typed.hpp"
#include "schema/Msvm_KvpExchangeDataItem.hpp"

#include <algorithm>
#include <map>

namespace vmms::providers {

using hypervisor::Settings;
using DataItem = schema::msvm::KvpExchangeDataItem;
using KeyValues = std::vector<Settings::KeyValue>;

namespace {

// As the reference pages of AddKvpItems, HostOnlyItems and Msvm_KvpExchangeDataItem have them.
constexpr std::size_t most_items = 128;  // in one call, and of a VM
constexpr std::size_t longest_name_bytes = 512;
constexpr std::size_t longest_host_only_value_bytes = std::size_t{16} << 10;
constexpr std::size_t longest_value_characters = 1024;

// Characters of UCS-2, in which MaxLen counts, of which UTF-8 of four bytes is two.
std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) count += byte >= 0xF0U ? 2 : 1;
  }
  return count;
}

// Whether XML and a line of a file can carry it.
bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t' && c != '\n') || byte == 0x7F;
  });
}

Error invalid(std::string message) { return error(Failure::invalid_argument, std::move(message)); }

Status check_value(const Settings::KeyValue& item) {
  if (has_control_characters(item.value))
    return invalid(fmt::format("the Data of key-value pair '{}' has control characters: only tab and line feed may be",
                               item.name));
  if (item.host_only && item.value.size() > longest_host_only_value_bytes)
    return invalid(
        fmt::format("the Data of key-value pair '{}' has {} bytes; of the host alone (Source 4) it has up to {}",
                    item.name, item.value.size(), longest_host_only_value_bytes));
  if (!item.host_only && characters(item.value) > longest_value_characters)
    return invalid(
        fmt::format("the Data of key-value pair '{}' has {} characters (UTF-16); for the guest it has up to {}",
                    item.name, characters(item.value), longest_value_characters));
  return {};
}

Result<Settings::KeyValue> read_item(const cim::InstancePtr& instance, KeyValueChange kind) {
  const auto item = cim::from_instance<DataItem>(instance, "DataItems");
  if (!item) return item.error();
  Settings::KeyValue found{item->name.value_or(""), item->data.value_or(""), false};
  if (kind == KeyValueChange::remove && !found.name.empty()) return found;  // the name alone counts
  if (found.name.empty() || found.name.size() > longest_name_bytes || has_control_characters(found.name) ||
      found.name.find('\n') != std::string::npos)
    return invalid(
        fmt::format("the Name of a key-value pair has 1 to {} bytes, none of them control characters; '{:.100}' "
                    "has {}",
                    longest_name_bytes, found.name, found.name.size()));
  const auto source = static_cast<KeyValueSource>(item->source.value_or(0));
  if (source != KeyValueSource::host && source != KeyValueSource::host_only)
    return invalid(
        fmt::format("the Source {} of key-value pair '{}' is not valid: 0 is for the guest, 4 for the host "
                    "alone",
                    *item->source, found.name));
  found.host_only = source == KeyValueSource::host_only;
  if (const Status fits = check_value(found); !fits) return fits.error();
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
  if (!is_on(settings, &hypervisor::Settings::key_value_exchange) ||
      is_on(settings, &hypervisor::Settings::host_key_values_disabled))
    return values;
  for (const auto& each : settings.host_key_values)
    if (!each.host_only) values.emplace_back(each.name, each.value);
  return values;
}

bool is_windows(const guest::Identity& identity) { return identity.system.id == guest::windows_id; }

std::vector<cim::InstancePtr> intrinsic_items(const guest::Identity& identity) {
  const guest::OperatingSystem& system = identity.system;
  const bool windows = is_windows(identity);
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
  if (items.size() > most_items)
    return invalid(fmt::format("one call changes up to {} key-value pairs, not {}", most_items, items.size()));
  std::vector<Settings::KeyValue> wanted;
  for (const cim::InstancePtr& instance : items) {
    auto item = read_item(instance, kind);
    if (!item) return item.error();
    wanted.push_back(*std::move(item));
  }
  Status outcome;
  const auto change_all = [&](KeyValues& values) -> Status {
    for (const Settings::KeyValue& item : wanted)
      if (const Status changed = change_one(values, kind, item, (*machine)->name); !changed) return changed;
    if (kind == KeyValueChange::add && values.size() > most_items)
      return invalid(fmt::format("virtual machine '{}' would have {} key-value pairs; it has up to {}",
                                 (*machine)->name, values.size(), most_items));
    return {};
  };
  const Status written = environment.host.machines().change_settings((*machine)->id, [&](Settings& stored) {
    KeyValues values = stored.host_key_values;
    outcome = change_all(values);
    if (outcome) stored.host_key_values = std::move(values);
  });
  return written ? outcome : written;
}

}  // namespace vmms::providers
