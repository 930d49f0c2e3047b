// The properties that every object has in WMI ("WMI System Properties").
#pragma once

#include "cim/instance.hpp"
#include "cim/naming.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace vmms::cim::wql {

/// Where an instance comes from.
struct Origin {
  std::string server;              ///< this host's name
  std::string namespace_name;      ///< "root/virtualization/v2"
  const Schema* schema = nullptr;  ///< for superclasses; null: paths name an object's own class
  std::string called_server = {};  ///< the name that the client uses for this host: one more of its names

  Home home() const { return {server, namespace_name, schema, called_server}; }
};

enum class SystemProperty {
  class_name,
  superclass,
  dynasty,
  derivation,
  genus,
  property_count,
  server,
  namespace_name,
  path,
  relative_path,
  self,
};

/// `__CLASS`, `__SUPERCLASS`, `__DYNASTY`, `__DERIVATION`, `__GENUS`, `__PROPERTY_COUNT`, `__SERVER`, `__NAMESPACE`,
/// `__PATH`, `__RELPATH`, and `__THIS` for ISA; without case.
std::optional<SystemProperty> find_system_property(std::string_view name);

/// A string, number or array of strings, or NULL (the superclass of a class that has none; the object itself).
Value system_value(SystemProperty property, const Instance& instance, const Origin& origin);

}  // namespace vmms::cim::wql
