#include "cim/naming.hpp"

#include "base/case_folding.hpp"
#include "base/text.hpp"
#include "cim/value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace vmms::cim {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const auto first = text.find_first_not_of(blank);
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool address = host.find(':') != colon && !host.ends_with(']') && host.find("]:") == std::string_view::npos;
  if (colon == std::string_view::npos || address || host.find(']', colon) != std::string_view::npos) return host;
  return host.substr(0, colon);
}

// MOF text: quoted for strings.
std::string_view default_of(const Property& property) {
  std::string_view text = property.default_value;
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

bool is_string(Type type) { return type == Type::string || type == Type::instance; }

// A reference that is named by its text, or as such.
std::shared_ptr<const ObjectPath> reference_of(const KeyBinding& key) {
  if (key.reference) return key.reference;
  auto path = ObjectPath::parse(key.value);
  return path ? std::make_shared<const ObjectPath>(std::move(*path)) : nullptr;
}

bool same_key(const KeyBinding& written, const KeyBinding& own, const Property* property, const Home& home) {
  if (own.reference) {
    const auto reference = reference_of(written);
    return reference && names_object(*reference, *own.reference, home);
  }
  if (equals_folded(written.value, own.value)) return !written.value.empty() || !written.reference;
  if (!property || is_string(property->type)) return false;
  const auto value = from_text(property->type, trimmed(written.value));
  return value && equals_no_case(to_text(*value), own.value);
}

}  // namespace

bool names_server(std::string_view host, std::string_view server) {
  host = without_port(host);
  for (const std::string_view local : {"", ".", "localhost", "127.0.0.1", "::1", "[::1]"})
    if (equals_no_case(host, local)) return true;
  server = without_port(server);
  if (equals_no_case(host, server)) return true;
  const auto is_short = [](std::string_view name, std::string_view of) {
    return !name.empty() && name.find('.') == std::string_view::npos && of.size() > name.size() &&
           of[name.size()] == '.' && equals_no_case(of.substr(0, name.size()), name);
  };
  return is_short(host, server) || is_short(server, host);
}

Status complete_keys(std::vector<KeyBinding>& keys, const Class& cim_class) {
  for (KeyBinding& key : keys) {
    if (key.name.empty()) {
      if (cim_class.keys.size() != 1)
        return error(Failure::invalid_argument, fmt::format("a key without name needs a class with one key; {} has {}",
                                                            cim_class.name, cim_class.keys.size()));
      key.name = cim_class.properties[cim_class.keys.front()].name;
    }
    const Property* property = cim_class.property(key.name);
    if (!property || !property->is_key) continue;
    if (property->type == Type::reference) {
      key.reference = reference_of(key);
      if (!key.reference)
        return error(Failure::invalid_argument,
                     fmt::format("key {}: \"{:.200}\" is no object path", key.name, key.value));
      continue;
    }
    if (key.reference && key.value.empty())
      return error(Failure::invalid_argument,
                   fmt::format("key {} is a {}, not a reference", key.name, type_name(property->type)));
    key.reference.reset();  // a text that looks like a path
    if (is_string(property->type)) continue;
    const auto value = from_text(property->type, trimmed(key.value));
    if (!value) return error(Failure::invalid_argument, fmt::format("key {}: {}", key.name, value.error().message));
    key.value = to_text(*value);
  }
  return {};
}

bool has_all_keys(const Class& cim_class, const ObjectPath& path) {
  return std::all_of(cim_class.keys.begin(), cim_class.keys.end(),
                     [&](std::uint16_t key) { return path.find(cim_class.properties[key].name) != nullptr; });
}

void add_fixed_keys(std::vector<KeyBinding>& keys, const Class& cim_class) {
  for (const std::uint16_t index : cim_class.keys) {
    const Property& property = cim_class.properties[index];
    const bool given = std::any_of(keys.begin(), keys.end(),
                                   [&](const KeyBinding& key) { return equals_no_case(key.name, property.name); });
    if (!given && !property.default_value.empty())
      keys.push_back({std::string(property.name), std::string(default_of(property)), {}});
  }
}

bool names_object(const ObjectPath& written, const ObjectPath& object, const Home& home) {
  if (!names_server(written.host, home.server) && !names_server(written.host, home.called_server)) return false;
  const std::string_view space = object.namespace_name.empty() ? home.namespace_name : object.namespace_name;
  if (!written.namespace_name.empty() && !equals_no_case(written.namespace_name, space)) return false;
  const Class* own = home.schema ? home.schema->find(object.class_name) : nullptr;
  if (!equals_no_case(written.class_name, object.class_name)) {
    const Class* named = home.schema ? home.schema->find(written.class_name) : nullptr;
    if (!own || !named || !own->is_a(*named)) return false;
  }
  if (written.keys.empty()) return object.keys.empty() || (own && own->is_singleton);
  return std::all_of(written.keys.begin(), written.keys.end(), [&](const KeyBinding& key) {
    const bool only = key.name.empty() && object.keys.size() == 1;
    const KeyBinding* found = only ? &object.keys.front() : object.find(key.name);
    return found && same_key(key, *found, own ? own->property(found->name) : nullptr, home);
  });
}

}  // namespace vmms::cim
