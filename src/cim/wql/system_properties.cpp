#include "cim/wql/system_properties.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace vmms::cim::wql {

namespace {

constexpr std::pair<std::string_view, SystemProperty> names[] = {
    {"__CLASS", SystemProperty::class_name},
    {"__SUPERCLASS", SystemProperty::superclass},
    {"__DYNASTY", SystemProperty::dynasty},
    {"__SERVER", SystemProperty::server},
    {"__NAMESPACE", SystemProperty::namespace_name},
    {"__PATH", SystemProperty::path},
    {"__RELPATH", SystemProperty::relative_path},
    {"__DERIVATION", SystemProperty::derivation},
    {"__GENUS", SystemProperty::genus},
    {"__PROPERTY_COUNT", SystemProperty::property_count},
    {"__THIS", SystemProperty::self},
};

// As WMI spells namespaces.
std::string backslashed(std::string text) {
  std::replace(text.begin(), text.end(), '/', '\\');
  return text;
}

}  // namespace

std::optional<SystemProperty> find_system_property(std::string_view name) {
  for (const auto& [known, property] : names)
    if (equals_no_case(name, known)) return property;
  return std::nullopt;
}

Value system_value(SystemProperty property, const Instance& instance, const Origin& origin) {
  const Class& cim_class = instance.cim_class();
  switch (property) {
    case SystemProperty::class_name:
      return std::string(cim_class.name);
    case SystemProperty::superclass:
      return cim_class.superclass ? Value(std::string(cim_class.superclass->name)) : Value();
    case SystemProperty::dynasty: {
      const Class* root = &cim_class;
      while (root->superclass) root = root->superclass;
      return std::string(root->name);
    }
    case SystemProperty::derivation: {
      Array ancestors;
      for (const Class* each = cim_class.superclass; each; each = each->superclass)
        ancestors.emplace_back(std::string(each->name));
      return ancestors;
    }
    case SystemProperty::genus:
      return std::uint64_t{2};  // WBEM_GENUS_INSTANCE
    case SystemProperty::property_count:
      return static_cast<std::uint64_t>(cim_class.properties.size());
    case SystemProperty::self:
      return {};
    case SystemProperty::server:
      return origin.server;
    case SystemProperty::namespace_name:
      return backslashed(origin.namespace_name);
    case SystemProperty::path: {
      ObjectPath path = instance.path(origin.namespace_name);
      path.host = origin.server;
      return path.to_string();
    }
    case SystemProperty::relative_path:
      return instance.path().to_string();
  }
  return {};
}

}  // namespace vmms::cim::wql
