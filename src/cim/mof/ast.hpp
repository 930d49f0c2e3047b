// What a MOF file says, as written: declarations, before names are resolved.
#pragma once

#include "cim/type.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vmms::cim::mof {

/// Where a token starts. Lines and columns count from 1, columns in bytes.
struct Position {
  std::shared_ptr<const std::string> file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  std::string to_string() const;  ///< "file:line:column"
};

/// One constant (DSP0004 annex A, constantValue). Strings are decoded and joined.
struct Literal {
  enum class Kind : std::uint8_t { null, boolean, integer, real, character, string };
  Kind kind = Kind::null;
  bool boolean = false;
  bool negative = false;        ///< of an integer
  std::uint64_t magnitude = 0;  ///< of an integer; the code of a character
  double real = 0;
  std::string text;  ///< of a string
  Position position;
};

/// `= 5`, `= {1, 2}`, `("text")`. A scalar has one item.
struct Initializer {
  bool is_array = false;
  std::vector<Literal> items;
};

struct Qualifier {
  std::string name;
  std::vector<Initializer> value;  ///< none or one
  std::vector<std::string> flavors;
  Position position;
};

struct TypeName {
  Type type = Type::string;
  std::string object_class;  ///< of a reference
};

struct QualifierDeclaration {
  std::string name;
  TypeName type;
  bool is_array = false;
  std::vector<Initializer> default_value;  ///< none or one
  std::vector<std::string> scopes;
  std::vector<std::string> flavors;
  Position position;
};

struct Parameter {
  std::string name;
  TypeName type;
  bool is_array = false;
  std::vector<Qualifier> qualifiers;
  Position position;
};

/// A property, a reference, or a method.
struct Feature {
  std::string name;
  TypeName type;
  bool is_method = false;
  bool is_array = false;
  std::vector<Initializer> default_value;  ///< none or one
  std::vector<Parameter> parameters;
  std::vector<Qualifier> qualifiers;
  Position position;
};

struct ClassDeclaration {
  std::string name;
  std::string superclass;  ///< empty for none
  std::vector<Qualifier> qualifiers;
  std::vector<Feature> features;
  Position position;
};

struct Pragma {
  std::string name;
  std::string parameter;
  Position position;
};

/// In the order of the text. `#pragma include` is followed by parse_file and not kept.
struct Declarations {
  std::vector<QualifierDeclaration> qualifiers;
  std::vector<ClassDeclaration> classes;
  std::vector<Pragma> pragmas;
};

}  // namespace vmms::cim::mof
