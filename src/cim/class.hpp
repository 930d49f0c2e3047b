// Class declarations as constant data. cimgen writes it from the MOF under schema/; nothing here is built at run time.
#pragma once

#include "cim/type.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vmms::cim {

struct Class;

/// One element of ValueMap/Values (DSP0004 5.6.3.55).
struct ValueName {
  std::string_view value;
  std::string_view name;
};

/// What a qualifier may apply to (DSP0004 7.4): one bit each, in QualifierType::scopes.
enum class Scope : std::uint16_t {
  class_ = 1,
  association = 2,
  reference = 4,
  property = 8,
  method = 16,
  parameter = 32,
  indication = 64,
  any = 127,
};

/// A qualifier's declaration.
struct QualifierType {
  std::string_view name;
  Type type = Type::boolean;
  bool is_array = false;
  std::optional<std::string_view> default_value = {};  ///< as text; nullopt: NULL. Defaults of arrays are NULL
  std::uint16_t scopes = 0;                            ///< of Scope
  bool overridable = true;
  bool to_subclass = true;
  bool translatable = false;
};

/// A qualifier on an element.
struct Qualifier {
  const QualifierType* type = nullptr;
  std::span<const std::string_view> values = {};  ///< texts of its value(s), as Value::from_text reads them
  bool is_null = false;
  bool propagated = false;  ///< it was inherited
};

/// The qualifier with the name, without case; null when there is none.
const Qualifier* find_qualifier(std::span<const Qualifier> qualifiers, std::string_view name);
/// Whether a boolean qualifier is present and true.
bool has_qualifier(std::span<const Qualifier> qualifiers, std::string_view name);

struct Property {
  std::string_view name;
  Type type = Type::string;
  bool is_array = false;
  bool is_key = false;
  bool is_writable = false;
  std::string_view object_class = {};   ///< the class of a reference or an embedded instance
  std::string_view origin = {};         ///< the class that declared it first
  std::string_view declared_in = {};    ///< the nearest class that declares or overrides it
  std::string_view default_value = {};  ///< as MOF text, empty for none
  std::span<const ValueName> values = {};
  std::span<const Qualifier> qualifiers = {};
};

struct Parameter {
  std::string_view name;
  Type type = Type::string;
  bool is_array = false;
  bool is_in = false;
  bool is_out = false;
  std::string_view object_class = {};
  std::span<const Qualifier> qualifiers = {};
};

struct Method {
  std::string_view name;
  Type return_type = Type::uint32;
  std::span<const Parameter> parameters;
  std::string_view origin = {};
  std::string_view declared_in = {};
  bool implemented = false;  ///< a provider answers it (qualifier Implemented)
  bool waits = false;        ///< may wait on a host or guest, so it runs in the pool (qualifier Waits)
  std::optional<std::uint32_t> not_supported = {};  ///< the documented "not supported" return value
  std::span<const ValueName> values = {};           ///< documented return values
  std::span<const Qualifier> qualifiers = {};

  /// Whether an input names an object.
  bool takes_references() const;
};

struct Class {
  std::string_view name;
  const Class* superclass = nullptr;
  std::span<const Property> properties;  ///< own and inherited, sorted by name without case
  std::span<const std::uint16_t> keys;   ///< indexes into properties, ascending
  std::span<const Method> methods;       ///< own and inherited, sorted by name without case
  bool is_abstract = false;
  bool is_association = false;
  bool has_provider = false;  ///< qualifier Provider on this very class (it is not inherited)
  bool waits = false;         ///< enumerating or reading it may wait on a guest (qualifier Waits)
  bool is_singleton = false;  ///< one instance per host: found by any subset of its keys (qualifier Singleton)
  /// For an association whose ends are joined by equal values (qualifier Join): `left` names "Role.Property" of one
  /// end, `right` of the other.
  std::string_view join_left = {};
  std::string_view join_right = {};
  std::span<const Qualifier> qualifiers = {};

  /// Index into properties, without case; nullopt when there is none.
  std::optional<std::size_t> property_index(std::string_view property_name) const;
  const Property* property(std::string_view property_name) const;
  const Method* method(std::string_view method_name) const;
  bool is_a(const Class& ancestor) const;  ///< this class or one of its superclasses
};

/// The classes of one namespace.
struct Schema {
  std::string_view namespace_name;                      ///< "root/virtualization/v2"
  std::span<const Class* const> classes;                ///< sorted by name without case
  std::span<const QualifierType> qualifier_types = {};  ///< likewise

  const Class* find(std::string_view class_name) const;  ///< without case
};

}  // namespace vmms::cim
