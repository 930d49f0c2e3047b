// Gives declarations their meaning: superclasses, overrides, inherited features and qualifiers.
#pragma once

#include "base/result.hpp"
#include "cim/mof/ast.hpp"
#include "cim/mof/problems.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::cim::mof {

struct EffectiveQualifier : Qualifier {
  bool propagated = false;  ///< it was inherited
};
/// Qualifiers that hold for an element, own and inherited, by name_key: in lower case where it is ASCII.
using Qualifiers = std::map<std::string, EffectiveQualifier, std::less<>>;

/// One element of ValueMap/Values: "2" or "3..5" or "..", and what it means.
struct ValueText {
  std::string value;
  std::string name;
  friend bool operator==(const ValueText&, const ValueText&) = default;
};

struct ResolvedProperty {
  std::string name;
  TypeName type;  ///< an embedded instance has Type::instance and its class, which is empty for EmbeddedObject
  bool is_array = false;
  std::uint64_t array_size = 0;  ///< 0 for any
  bool is_key = false;
  bool is_writable = false;
  std::string origin;       ///< the class that declared it first
  std::string declared_in;  ///< the nearest class that declares or overrides it
  std::optional<Initializer> default_value;
  std::vector<ValueText> values;
  std::string values_from;  ///< the class whose declaration has the ValueMap
  std::string description;
  Qualifiers qualifiers;
};

struct ResolvedParameter {
  std::string name;
  TypeName type;
  bool is_array = false;
  bool is_in = false;
  bool is_out = false;
  std::vector<ValueText> values;
  std::string description;
  Qualifiers qualifiers;
};

struct ResolvedMethod {
  std::string name;
  Type return_type = Type::uint32;
  std::vector<ResolvedParameter> parameters;
  std::string origin;
  std::string declared_in;
  bool implemented = false;
  bool waits = false;
  std::vector<ValueText> values;
  std::string description;
  Qualifiers qualifiers;
};

struct ResolvedClass {
  std::string name;
  const ResolvedClass* superclass = nullptr;
  std::vector<ResolvedProperty> properties;  ///< own and inherited, sorted by name without case (LessName)
  std::vector<ResolvedMethod> methods;       ///< likewise
  bool is_partial = false;  ///< an ancestor is not known, which WMI's dialect allows: it may have more than is here
  bool is_abstract = false;
  bool is_association = false;
  bool has_provider = false;
  bool waits = false;
  bool is_singleton = false;
  std::string join_left, join_right;
  std::string description;
  Qualifiers qualifiers;
  Position position;

  const ResolvedProperty* property(std::string_view property_name) const;
  bool is_a(const ResolvedClass& ancestor) const;
};

/// The classes of one namespace.
struct Schema {
  std::string namespace_name;                    ///< empty where no #pragma said
  std::deque<ResolvedClass> classes;             ///< sorted by name without case (LessName)
  std::vector<QualifierDeclaration> qualifiers;  ///< likewise

  const ResolvedClass* find(std::string_view class_name) const;  ///< without case
};

/// The schemas; nothing where there is an error. What DSP0004 leaves open is read so:
/// - Every qualifier must be declared, and stand where its Scope allows: association and indication are not class. One
///   without a value is true, or NULL.
/// - A feature with an inherited feature's name overrides it, keeps its type and may narrow a reference; a default or
///   ValueMap that it does not give is inherited, `= NULL` takes the default away. It should say Override. One that
///   says so of a feature with another name is a separate feature.
/// - Provider and the like mean something for "vmms" alone: others have their own providers.
/// - A reference may also be narrowed to a class that has no superclass.
/// - A property says Read where nothing says that it is not, if that qualifier is declared.
/// - An output parameter is no input unless it says In too.
/// - The property CreationClassName of a class with instances has the class's name as its default.
/// - An instance gives every key that has no default. Instances are looked at once the classes are right.
/// - Aliases are unique among all declarations, whatever their namespace, and may be used before they are declared.
/// - Another namespace needs its own declarations: nothing is looked up outside a namespace.
/// In WMI's dialect, qualifiers need no declaration and stand anywhere, Override is not used, and numbers and texts
/// stand for each other. Classes that are only referred to may be missing; missing superclasses and classes of
/// instances are warnings, since not all classes of Windows exist as MOF.
std::vector<Schema> resolve_namespaces(const Declarations& declarations, Dialect dialect, Problems& problems);

/// The same for declarations of DSP0004's dialect that all belong to one namespace, with an error for any problem, one
/// a line: errors, or else warnings.
Result<Schema> resolve(const Declarations& declarations);

}  // namespace vmms::cim::mof
