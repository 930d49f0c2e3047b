#include "names.hpp"
#include "output.hpp"

#include "base/text.hpp"
#include "cim/mof/checks.hpp"

#include <fmt/format.h>

#include <charconv>

namespace vmms::cimgen {
namespace {

using cim::mof::ResolvedClass;
using cim::mof::ResolvedMethod;
using cim::mof::ResolvedProperty;
using cim::mof::ValueText;

std::string type_constant(cim::Type type) {
  if (type == cim::Type::instance) return "Type::instance";
  if (type == cim::Type::reference) return "Type::reference";
  return "Type::" + std::string(cim::mof::type_keyword(type));
}

/// The documented return value whose text is "Not supported".
std::string not_supported_value(const ResolvedMethod& method) {
  for (const ValueText& value : method.values) {
    std::uint32_t number = 0;
    const char* end = value.value.data() + value.value.size();
    if (equals_no_case(value.name, "not supported") && std::from_chars(value.value.data(), end, number).ptr == end) {
      return std::to_string(number) + "U";
    }
  }
  return {};
}

class ClassData {
 public:
  explicit ClassData(const cim::mof::Schema& schema) : schema_(schema) {}

  std::string source(const std::string& namespace_name) {
    for (const ResolvedClass& each : schema_.classes) add(each);
    std::string list;
    for (const ResolvedClass& each : schema_.classes) list += fmt::format("    &{},\n", each.name);
    return fmt::format(
        R"(// Written by cimgen. Do not edit.
#include "schema/classes.hpp"

namespace vmms::schema {{
namespace {{

using ::vmms::cim::Class;
using ::vmms::cim::Method;
using ::vmms::cim::Parameter;
using ::vmms::cim::Property;
using ::vmms::cim::Type;
using ::vmms::cim::ValueName;

{}}}  // namespace

{}
namespace {{
constexpr const Class* classes[] = {{
{}}};
}}  // namespace

constinit const ::vmms::cim::Schema {}{{
    .namespace_name = {},
    .classes = classes,
}};

}}  // namespace vmms::schema
)",
        data_, classes_, list, schema_name(namespace_name), quoted(namespace_name));
  }

 private:
  /// The name of an array with this content; equal ones are written once.
  std::string array(const std::string& type, const std::string& content) {
    if (content.empty()) return "{}";
    const auto [found, is_new] = arrays_.emplace(type + content, fmt::format("data_{}", arrays_.size()));
    if (is_new) data_ += fmt::format("constexpr {} {}[] = {{\n{}}};\n\n", type, found->second, content);
    return found->second;
  }

  std::string values(const std::vector<ValueText>& values) {
    std::string content;
    for (const ValueText& value : values) {
      content += fmt::format("    {{{}, {}}},\n", quoted(value.value), quoted(value.name));
    }
    return array("ValueName", content);
  }

  std::string property(const ResolvedProperty& property) {
    std::string text =
        fmt::format("    {{.name = {}, .type = {}", quoted(property.name), type_constant(property.type.type));
    if (property.is_array) text += ", .is_array = true";
    if (property.is_key) text += ", .is_key = true";
    if (property.is_writable) text += ", .is_writable = true";
    if (!property.type.object_class.empty()) text += ", .object_class = " + quoted(property.type.object_class);
    text += ", .origin = " + quoted(property.origin);
    if (property.default_value) text += ", .default_value = " + quoted(mof_text(*property.default_value));
    if (!property.values.empty()) text += ", .values = " + values(property.values);
    return text + "},\n";
  }

  std::string method(const ResolvedMethod& method) {
    std::string parameters;
    for (const auto& parameter : method.parameters) {
      parameters +=
          fmt::format("    {{.name = {}, .type = {}", quoted(parameter.name), type_constant(parameter.type.type));
      if (parameter.is_array) parameters += ", .is_array = true";
      if (parameter.is_in) parameters += ", .is_in = true";
      if (parameter.is_out) parameters += ", .is_out = true";
      if (!parameter.type.object_class.empty()) {
        parameters += ", .object_class = " + quoted(parameter.type.object_class);
      }
      parameters += "},\n";
    }
    std::string text =
        fmt::format("    {{.name = {}, .return_type = {}, .parameters = {}, .origin = {}", quoted(method.name),
                    type_constant(method.return_type), array("Parameter", parameters), quoted(method.origin));
    if (method.implemented) text += ", .implemented = true";
    if (method.waits) text += ", .waits = true";
    if (const std::string code = not_supported_value(method); !code.empty()) text += ", .not_supported = " + code;
    if (!method.values.empty()) text += ", .values = " + values(method.values);
    return text + "},\n";
  }

  void add(const ResolvedClass& each) {
    std::string properties, keys, methods;
    for (std::size_t i = 0; i < each.properties.size(); ++i) {
      properties += property(each.properties[i]);
      if (each.properties[i].is_key) keys += fmt::format("    {},\n", i);
    }
    for (const ResolvedMethod& each_method : each.methods) methods += method(each_method);
    classes_ += fmt::format("constinit const Class {}{{\n    .name = {},\n", each.name, quoted(each.name));
    if (each.superclass) classes_ += fmt::format("    .superclass = &{},\n", each.superclass->name);
    classes_ += fmt::format("    .properties = {},\n", array("Property", properties));
    classes_ += fmt::format("    .keys = {},\n", array("std::uint16_t", keys));
    classes_ += fmt::format("    .methods = {},\n", array("Method", methods));
    if (each.is_abstract) classes_ += "    .is_abstract = true,\n";
    if (each.is_association) classes_ += "    .is_association = true,\n";
    if (each.has_provider) classes_ += "    .has_provider = true,\n";
    if (each.waits) classes_ += "    .waits = true,\n";
    if (each.is_singleton) classes_ += "    .is_singleton = true,\n";
    if (!each.join_left.empty()) {
      classes_ +=
          fmt::format("    .join_left = {},\n    .join_right = {},\n", quoted(each.join_left), quoted(each.join_right));
    }
    classes_ += "};\n\n";
  }

  const cim::mof::Schema& schema_;
  std::map<std::string, std::string> arrays_;
  std::string data_, classes_;
};

}  // namespace

void write_class_data(const cim::mof::Schema& schema, const std::string& namespace_name, Files& files) {
  std::string declarations;
  for (const ResolvedClass& each : schema.classes) {
    declarations += fmt::format("extern const ::vmms::cim::Class {};\n", each.name);
  }
  files["schema/classes.hpp"] = fmt::format(
      R"(// Written by cimgen. Do not edit.
#pragma once

#include "cim/class.hpp"

namespace vmms::schema {{

/// The classes of the namespace {}.
extern const ::vmms::cim::Schema {};

{}
}}  // namespace vmms::schema
)",
      namespace_name, schema_name(namespace_name), declarations);
  files["schema/classes.cpp"] = ClassData(schema).source(namespace_name);
}

}  // namespace vmms::cimgen
