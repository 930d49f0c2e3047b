// The properties that every object has in WMI ("WMI System Properties").
#pragma once

#include "cim/instance.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace vmms::cim::wql {

/// Where an instance comes from.
struct Origin {
  std::string server;          ///< this host's name
  std::string namespace_name;  ///< "root/virtualization/v2"
};

enum class SystemProperty { class_name, superclass, dynasty, server, namespace_name, path, relative_path };

/// `__CLASS`, `__SUPERCLASS`, `__DYNASTY`, `__SERVER`, `__NAMESPACE`, `__PATH` and `__RELPATH`, without case.
std::optional<SystemProperty> find_system_property(std::string_view name);

/// A string, or NULL (the superclass of a class that has none).
Value system_value(SystemProperty property, const Instance& instance, const Origin& origin);

}  // namespace vmms::cim::wql
