// The CIM types of DSP0004 5.2.2 and the C++ values that carry them.
#pragma once

#include <cstdint>
#include <string_view>

namespace vmms::cim {

enum class Type : std::uint8_t {
  boolean,
  uint8,
  sint8,
  uint16,
  sint16,
  uint32,
  sint32,
  uint64,
  sint64,
  real32,
  real64,
  char16,
  string,
  datetime,
  reference,
  instance,  ///< an embedded instance: `string` with the EmbeddedInstance or EmbeddedObject qualifier
};

/// The name as MOF and CIM-XML spell it ("uint16"); `instance` is spelled "string", `reference` "reference".
std::string_view type_name(Type type);

constexpr bool is_unsigned(Type type) {
  return type == Type::uint8 || type == Type::uint16 || type == Type::uint32 || type == Type::uint64;
}
constexpr bool is_signed(Type type) {
  return type == Type::sint8 || type == Type::sint16 || type == Type::sint32 || type == Type::sint64;
}

}  // namespace vmms::cim
