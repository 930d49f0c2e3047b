// The declarations of a MOF file as written, before names are resolved.
#pragma once

#include "cim/type.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vmms::cim::mof {

/// Which dialect is read: the DMTF's, as in DSP0004, or that of Windows' mofcomp, which accepts more.
enum class Dialect : std::uint8_t { dmtf, wmi };

/// Where a token starts. Lines and columns count from 1, columns in characters.
struct Position {
  std::shared_ptr<const std::string> file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  std::string to_string() const;  ///< "file:line:column"
  /// A position is no part of the meaning: declarations are equal wherever they were read.
  friend bool operator==(const Position&, const Position&) { return true; }
};

struct InstanceDeclaration;

/// One constant (DSP0004 annex A, constantValue and referenceInitializer). Strings are decoded and joined.
struct Literal {
  enum class Kind : std::uint8_t { null, boolean, integer, real, character, string, alias, instance };
  Kind kind = Kind::null;
  bool boolean = false;
  bool negative = false;        ///< of an integer
  std::uint64_t magnitude = 0;  ///< of an integer; the code of a character
  double real = 0;
  std::string text;                                     ///< of a string, in UTF-8; of an alias, without the $
  std::shared_ptr<const InstanceDeclaration> instance;  ///< `instance of X {…}` as a value, which is WMI's
  Position position;
  friend bool operator==(const Literal& left, const Literal& right);
};

/// `= 5`, `= {1, 2}`, `("text")`. A scalar has one item.
struct Initializer {
  bool is_array = false;
  std::vector<Literal> items;
  friend bool operator==(const Initializer&, const Initializer&) = default;
};

struct Qualifier {
  std::string name;
  std::vector<Initializer> value;  ///< none or one
  std::vector<std::string> flavors;
  Position position;
  friend bool operator==(const Qualifier&, const Qualifier&) = default;
};

struct TypeName {
  Type type = Type::string;   ///< Type::instance where it is written so, which is WMI's
  std::string object_class;   ///< of a reference or instance; empty for one of any class, which is WMI's
  bool returns_void = false;  ///< of a method, which is WMI's
  friend bool operator==(const TypeName&, const TypeName&) = default;
};

struct QualifierDeclaration {
  std::string name;
  TypeName type;
  bool is_array = false;
  std::uint64_t array_size = 0;            ///< of a fixed-size array, here and below; 0 for any size
  std::vector<Initializer> default_value;  ///< none or one
  std::vector<std::string> scopes;
  std::vector<std::string> flavors;
  std::string namespace_name;  ///< by the last #pragma namespace, here and below; empty for none
  Position position;
  friend bool operator==(const QualifierDeclaration&, const QualifierDeclaration&) = default;
};

struct Parameter {
  std::string name;
  TypeName type;
  bool is_array = false;
  std::uint64_t array_size = 0;
  std::vector<Qualifier> qualifiers;
  Position position;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};

/// A property, a reference, or a method.
struct Feature {
  std::string name;
  TypeName type;
  bool is_method = false;
  bool is_array = false;
  std::uint64_t array_size = 0;
  std::vector<Initializer> default_value;  ///< none or one
  std::vector<Parameter> parameters;
  std::vector<Qualifier> qualifiers;
  Position position;
  friend bool operator==(const Feature&, const Feature&) = default;
};

struct ClassDeclaration {
  std::string name;
  std::string superclass;  ///< empty for none
  std::string alias;       ///< without the $; empty for none
  std::vector<Qualifier> qualifiers;
  std::vector<Feature> features;
  std::string namespace_name;
  Position position;
  friend bool operator==(const ClassDeclaration&, const ClassDeclaration&) = default;
};

/// `Property = value;` in an instance.
struct PropertyValue {
  std::string name;
  Initializer value;
  std::vector<Qualifier> qualifiers;
  Position position;
  friend bool operator==(const PropertyValue&, const PropertyValue&) = default;
};

struct InstanceDeclaration {
  std::string class_name;
  std::string alias;
  std::vector<Qualifier> qualifiers;
  std::vector<PropertyValue> values;
  std::string namespace_name;
  Position position;
  friend bool operator==(const InstanceDeclaration&, const InstanceDeclaration&) = default;
};

struct Pragma {
  std::string name;
  std::string parameter;
  Position position;
  friend bool operator==(const Pragma&, const Pragma&) = default;
};

/// Each kind in the order of the text. Of the pragmas of DSP0004 7.11, `namespace` is kept with what follows it, and
/// `include` is replaced by what the file says where files are read.
struct Declarations {
  std::vector<QualifierDeclaration> qualifiers;
  std::vector<ClassDeclaration> classes;
  std::vector<InstanceDeclaration> instances;
  std::vector<Pragma> pragmas;
  friend bool operator==(const Declarations&, const Declarations&) = default;
};

}  // namespace vmms::cim::mof
