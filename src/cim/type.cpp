#include "cim/type.hpp"

namespace vmms::cim {

std::string_view type_name(Type type) {
  switch (type) {
    case Type::boolean:
      return "boolean";
    case Type::uint8:
      return "uint8";
    case Type::sint8:
      return "sint8";
    case Type::uint16:
      return "uint16";
    case Type::sint16:
      return "sint16";
    case Type::uint32:
      return "uint32";
    case Type::sint32:
      return "sint32";
    case Type::uint64:
      return "uint64";
    case Type::sint64:
      return "sint64";
    case Type::real32:
      return "real32";
    case Type::real64:
      return "real64";
    case Type::char16:
      return "char16";
    case Type::string:
      return "string";
    case Type::datetime:
      return "datetime";
    case Type::reference:
      return "reference";
    case Type::instance:
      return "string";
  }
  return "string";
}

}  // namespace vmms::cim
