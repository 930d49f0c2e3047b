// How names of the schema become names of C++.
#pragma once

#include "cim/mof/resolver.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace vmms::cimgen {

/// OSName -> os_name, InstanceID -> instance_id, MSEs -> mses, GuestOSService -> guest_os_service.
std::string snake_case(std::string_view name);

/// snake_case, with an underscore after keywords and after names that generated structs use themselves.
std::string member_name(std::string_view name);

/// Where the output for one CIM namespace goes: another namespace may have a different class of the same name.
struct Place {
  std::string folder = "schema";       ///< of files, "schema/cimv2"
  std::string space = "vmms::schema";  ///< of C++ names, "vmms::schema::cimv2"
};
/// `within` is empty for the main namespace, else a name such as "cimv2".
Place place_within(const std::string& within);

/// Msvm_GuestFileService -> msvm and GuestFileService; __NAMESPACE -> wmi and NAMESPACE. A name without an underscore
/// has the namespace "other".
std::string class_namespace(std::string_view class_name);
std::string struct_name(std::string_view class_name);
/// The constant with a class's data: the class's name, but wmi_NAMESPACE, since C++ reserves names with __.
std::string constant_name(std::string_view class_name);
std::string header_path(const Place& place, std::string_view class_name);  ///< "schema/Msvm_GuestFileService.hpp"
/// "::vmms::schema::msvm::GuestFileService"
std::string qualified_name(const Place& place, std::string_view class_name);

/// root/virtualization/v2 -> root_virtualization_v2.
std::string schema_name(std::string_view namespace_name);

/// A named constant of a value map.
struct Enumerator {
  std::string name;
  std::string value;
};
/// The elements of a value map that are one number, named after their texts; empty when the type is no integer.
std::vector<Enumerator> enumerators(const std::vector<cim::mof::ValueText>& values, cim::Type type);

/// std::uint16_t, std::string, ::vmms::cim::ObjectPath …
std::string value_type(cim::Type type);
/// The type of a member that may be NULL, from the type of one value.
std::string optional_type(const std::string& type, bool is_array);

/// A C++ string literal.
std::string quoted(std::string_view text);
/// A constant as a C++ expression. `cpp_type` is value_type(type), or the name of an enumeration over it.
std::string expression(const cim::mof::Literal& literal, cim::Type type);
std::string expression(const cim::mof::Initializer& value, cim::Type type, const std::string& cpp_type);

}  // namespace vmms::cimgen
