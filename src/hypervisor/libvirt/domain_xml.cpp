#include "hypervisor/libvirt/domain_xml.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <sstream>
#include <utility>

namespace vmms::hypervisor::libvirt {

namespace {

/// libvirt's protocol carries 4 MiB of text, and the whole domain comes with it.
constexpr std::size_t longest_settings = std::size_t{3} << 20;

constexpr std::string_view agent_channel_name = "org.qemu.guest_agent.0";

constexpr const char* host_key_value = "hostKeyValue";
constexpr const char* communication_service = "guestCommunicationService";
using Policy = Settings::CommunicationService::Policy;
constexpr std::pair<Policy, std::string_view> policies[] = {
    {Policy::enabled, "enabled"}, {Policy::disabled, "disabled"}, {Policy::deferred, "deferred"}};

std::pair<std::string_view, std::string_view> split_name(std::string_view name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return {{}, name};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

std::string declaration(std::string_view prefix) {
  return prefix.empty() ? std::string("xmlns") : fmt::format("xmlns:{}", prefix);
}

/// The namespace that `node` is in, by the declarations at it and above it.
std::string_view namespace_of(pugi::xml_node node) {
  const std::string name = declaration(split_name(node.name()).first);
  for (pugi::xml_node at = node; at; at = at.parent()) {
    if (const auto found = at.attribute(name.c_str())) return found.value();
  }
  return {};
}

/// Removes our namespace from `node` and its descendants, as libvirt does in virDomainGetMetadata.
void strip_namespace(pugi::xml_node node, std::string_view prefix) {
  const auto [own, local] = split_name(node.name());
  if (own != prefix) return;
  if (const auto attribute = node.attribute(declaration(prefix).c_str())) {
    if (attribute.value() != std::string_view(settings_namespace)) return;  // the prefix means something else from here
    node.remove_attribute(attribute);
  }
  if (!prefix.empty()) node.set_name(std::string(local).c_str());
  for (pugi::xml_node child : node.children()) strip_namespace(child, prefix);
}

std::string print(pugi::xml_node node) {
  std::ostringstream out;
  node.print(out, "", pugi::format_raw | pugi::format_no_declaration);
  return out.str();
}

std::optional<bool> yes_or_no(pugi::xml_attribute attribute) {
  const std::string_view text = attribute.value();
  if (text == "yes") return true;
  if (text == "no") return false;
  return std::nullopt;
}

/// What an administrator could write there; anything else is skipped.
void read_communication_services(pugi::xml_node element, Settings& settings) {
  for (const pugi::xml_node child : element.children(communication_service)) {
    Settings::CommunicationService service;
    service.id = to_upper(child.attribute("id").value());
    for (const auto& [policy, name] : policies)
      if (name == child.attribute("policy").value()) service.policy = policy;
    if (!is_guid(service.id)) continue;
    const auto at =
        std::lower_bound(settings.communication_services.begin(), settings.communication_services.end(), service.id,
                         [](const auto& known, const std::string& id) { return known.id < id; });
    if (at == settings.communication_services.end() || at->id != service.id)
      settings.communication_services.insert(at, std::move(service));
  }
}

void write_communication_services(pugi::xml_node element, const Settings& settings) {
  while (element.remove_child(communication_service)) {
  }
  for (const Settings::CommunicationService& service : settings.communication_services) {
    pugi::xml_node child = element.append_child(communication_service);
    child.append_attribute("id").set_value(service.id.c_str());
    for (const auto& [policy, name] : policies)
      if (policy == service.policy) child.append_attribute("policy").set_value(name.data());
  }
}

void read_host_key_values(pugi::xml_node element, Settings& settings) {
  auto& values = settings.host_key_values;
  for (const pugi::xml_node child : element.children(host_key_value)) {
    Settings::KeyValue item;
    item.name = child.attribute("name").value();
    item.value = child.attribute("value").value();
    item.host_only = yes_or_no(child.attribute("hostOnly")).value_or(false);
    if (item.name.empty()) continue;
    const auto at = std::lower_bound(values.begin(), values.end(), item.name, [](const auto& known, const auto& name) {
      return LessNoCase()(known.name, name);
    });
    if (at == values.end() || !equals_no_case(at->name, item.name)) values.insert(at, std::move(item));
  }
}

void write_host_key_values(pugi::xml_node element, const Settings& settings) {
  while (element.remove_child(host_key_value)) {
  }
  for (const Settings::KeyValue& item : settings.host_key_values) {
    pugi::xml_node child = element.append_child(host_key_value);
    child.append_attribute("name").set_value(item.name.c_str());
    child.append_attribute("value").set_value(item.value.c_str());
    if (item.host_only) child.append_attribute("hostOnly").set_value("yes");
  }
}

Settings read_settings(pugi::xml_node element) {
  Settings result;
  read_communication_services(element, result);
  read_host_key_values(element, result);
  for (const Switch& known : switches) {
    result.*known.value = yes_or_no(element.child(known.element).attribute(known.attribute));
  }
  return result;
}

/// Bytes; libvirt prints KiB, people write other units.
std::uint64_t memory_of(pugi::xml_node memory) {
  static constexpr std::pair<std::string_view, std::uint64_t> memory_units[] = {
      {"b", 1},          {"bytes", 1},        {"KB", 1000},
      {"k", 1024},       {"KiB", 1024},       {"MB", 1000'000},
      {"M", 1ULL << 20}, {"MiB", 1ULL << 20}, {"GB", 1000'000'000},
      {"G", 1ULL << 30}, {"GiB", 1ULL << 30}, {"TB", 1000'000'000'000},
      {"T", 1ULL << 40}, {"TiB", 1ULL << 40},
  };
  const std::string_view unit = memory.attribute("unit").as_string("KiB");
  const std::uint64_t amount = memory.text().as_ullong();
  for (const auto& [name, factor] : memory_units) {
    if (unit == name) return amount > std::numeric_limits<std::uint64_t>::max() / factor ? 0 : amount * factor;
  }
  return 0;
}

}  // namespace

Result<DomainXml> parse_domain(std::string_view xml) {
  pugi::xml_document document;
  const auto parsed = document.load_buffer(xml.data(), xml.size());
  const pugi::xml_node domain = document.child("domain");
  if (!parsed || !domain) {
    return error(Failure::failed, fmt::format("the domain XML cannot be read: {}",
                                              parsed ? "it has no <domain> element" : parsed.description()));
  }
  DomainXml result;
  result.uuid = domain.child("uuid").text().get();
  result.name = domain.child("name").text().get();
  result.description = domain.child("description").text().get();
  const pugi::xml_node vcpu = domain.child("vcpu");
  result.processors = vcpu.attribute("current").as_uint(vcpu.text().as_uint(1));
  result.memory_bytes = memory_of(domain.child("memory"));
  for (const pugi::xml_node channel : domain.child("devices").children("channel")) {
    const std::string_view alias = channel.child("alias").attribute("name").value();
    if (alias.starts_with(port_alias_prefix)) result.port_aliases.emplace_back(alias);
    const pugi::xml_node target = channel.child("target");
    if (target.attribute("name").value() != agent_channel_name) continue;
    result.agent_channel = true;
    result.agent_connected |= target.attribute("state").value() == std::string_view("connected");
  }
  const pugi::xml_node vsock = domain.child("devices").child("vsock").child("cid");
  if (const std::uint32_t context = vsock.attribute("address").as_uint(); context != 0) result.vsock_context = context;
  for (pugi::xml_node element : domain.child("metadata").children()) {
    const auto [prefix, local] = split_name(element.name());
    if (local != "settings" || namespace_of(element) != settings_namespace) continue;
    strip_namespace(element, std::string(prefix));
    result.settings_element = print(element);
    result.settings = read_settings(element);
    break;
  }
  return result;
}

Result<std::string> write_settings(std::string_view settings_element, const Settings& settings) {
  pugi::xml_document document;
  if (settings_element.empty()) settings_element = "<settings/>";
  const auto parsed = document.load_buffer(settings_element.data(), settings_element.size());
  pugi::xml_node element = document.child("settings");
  if (!parsed || !element) {
    return error(Failure::failed, "the settings in the domain's <metadata> cannot be read");
  }
  for (const Switch& known : switches) {
    pugi::xml_node child = element.child(known.element);
    const std::optional<bool>& value = settings.*known.value;
    if (!value) {
      element.remove_child(child);
      continue;
    }
    if (!child) child = element.append_child(known.element);
    if (!child.attribute(known.attribute)) child.append_attribute(known.attribute);
    child.attribute(known.attribute).set_value(*value ? "yes" : "no");
  }
  write_communication_services(element, settings);
  write_host_key_values(element, settings);
  if (!element.first_child() && !element.first_attribute()) return std::string();
  std::string text = print(element);
  if (text.size() > longest_settings)
    return error(Failure::invalid_argument, fmt::format("its settings would be {} bytes of XML; up to {} fit: remove "
                                                        "key-value pairs, or make them shorter",
                                                        text.size(), longest_settings));
  return text;
}

}  // namespace vmms::hypervisor::libvirt
