#include "base/text.hpp"
#include "cim/class.hpp"
#include "cim/mof/checks.hpp"
#include "cim/mof/writer.hpp"
#include "names.hpp"
#include "output.hpp"

#include <fmt/format.h>

#include <algorithm>
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
  explicit ClassData(const Input& input) : schema_(input.schema), input_(input) {}

  std::string source() {
    for (const ResolvedClass& each : schema_.classes) add(each);
    std::string list;
    for (const ResolvedClass& each : schema_.classes) list += fmt::format("    &{},\n", constant_name(each.name));
    return fmt::format(
        R"(// Written by cimgen. Do not edit.
#include "{6}/classes.hpp"

namespace {7} {{
namespace {{

using ::vmms::cim::Class;
using ::vmms::cim::Method;
using ::vmms::cim::Parameter;
using ::vmms::cim::Property;
using ::vmms::cim::Qualifier;
using ::vmms::cim::QualifierType;
using ::vmms::cim::Type;
using ::vmms::cim::ValueName;

constexpr QualifierType qualifier_types[] = {{
{0}}};

{1}}}  // namespace

{2}
namespace {{
constexpr const Class* classes[] = {{
{3}}};
}}  // namespace

constinit const ::vmms::cim::Schema {4}{{
    .namespace_name = {5},
    .classes = classes,
    .qualifier_types = qualifier_types,
}};

}}  // namespace {7}
)",
        qualifier_types(), data_, classes_, list, schema_name(input_.namespace_name), quoted(input_.namespace_name),
        input_.place.folder, input_.place.space);
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

  /// A constant as cim::from_text reads it.
  static std::string value_text(const cim::mof::Literal& literal) {
    using Kind = cim::mof::Literal::Kind;
    switch (literal.kind) {
      case Kind::null:
      case Kind::instance:  // of WMI's dialect, which is not read here
        return {};
      case Kind::boolean:
        return literal.boolean ? "true" : "false";
      case Kind::integer:
        return fmt::format("{}{}", literal.negative ? "-" : "", literal.magnitude);
      case Kind::real:
        return fmt::format("{}", literal.real);
      case Kind::character:
        return fmt::format("{}", literal.magnitude);
      case Kind::string:
      case Kind::alias:
        return literal.text;
    }
    return {};
  }

  static bool is_null(const std::vector<cim::mof::Initializer>& value) {
    return value.empty() || (!value[0].is_array && value[0].items[0].kind == cim::mof::Literal::Kind::null);
  }

  static std::uint16_t scopes_of(const cim::mof::QualifierDeclaration& declaration) {
    static constexpr std::pair<std::string_view, cim::Scope> names[] = {
        {"class", cim::Scope::class_},          {"association", cim::Scope::association},
        {"reference", cim::Scope::reference},   {"property", cim::Scope::property},
        {"method", cim::Scope::method},         {"parameter", cim::Scope::parameter},
        {"indication", cim::Scope::indication}, {"any", cim::Scope::any}};
    std::uint16_t scopes = 0;
    for (const std::string& scope : declaration.scopes)
      for (const auto& [name, bit] : names)
        if (equals_no_case(name, scope)) scopes |= static_cast<std::uint16_t>(bit);
    return scopes;
  }

  std::string qualifier_types() {
    std::string content;
    for (const auto& each : schema_.qualifiers) {
      const auto has = [&](std::string_view flavor) {
        return std::any_of(each.flavors.begin(), each.flavors.end(),
                           [&](const std::string& name) { return equals_no_case(name, flavor); });
      };
      content += fmt::format("    {{.name = {}, .type = {}", quoted(each.name), type_constant(each.type.type));
      if (each.is_array) content += ", .is_array = true";
      if (!is_null(each.default_value) && !each.is_array)
        content += ", .default_value = " + quoted(value_text(each.default_value[0].items[0]));
      content += fmt::format(", .scopes = {}", scopes_of(each));
      if (has("disableoverride")) content += ", .overridable = false";
      if (has("restricted")) content += ", .to_subclass = false";
      if (has("translatable")) content += ", .translatable = true";
      content += "},\n";
    }
    return content;
  }

  std::string qualifiers(const cim::mof::Qualifiers& qualifiers) {
    std::string content;
    for (const auto& [name, qualifier] : qualifiers) {
      const auto type = std::find_if(schema_.qualifiers.begin(), schema_.qualifiers.end(),
                                     [&](const auto& each) { return equals_no_case(each.name, qualifier.name); });
      content += fmt::format("    {{.type = &qualifier_types[{}]",
                             static_cast<std::size_t>(type - schema_.qualifiers.begin()));
      std::string values;
      if (qualifier.value.empty()) {
        values = "    \"true\",\n";
      } else if (is_null(qualifier.value)) {
        content += ", .is_null = true";
      } else {
        for (const auto& item : qualifier.value[0].items) values += fmt::format("    {},\n", quoted(value_text(item)));
      }
      if (!values.empty()) content += ", .values = " + array("std::string_view", values);
      if (qualifier.propagated) content += ", .propagated = true";
      content += "},\n";
    }
    return array("Qualifier", content);
  }

  std::string property(const ResolvedProperty& property) {
    std::string text =
        fmt::format("    {{.name = {}, .type = {}", quoted(property.name), type_constant(property.type.type));
    if (property.is_array) text += ", .is_array = true";
    if (property.is_key) text += ", .is_key = true";
    if (property.is_writable) text += ", .is_writable = true";
    if (!property.type.object_class.empty()) text += ", .object_class = " + quoted(property.type.object_class);
    text += fmt::format(", .origin = {}, .declared_in = {}", quoted(property.origin), quoted(property.declared_in));
    if (property.default_value)
      text += ", .default_value = " + quoted(cim::mof::initializer_text(*property.default_value));
    if (!property.values.empty()) text += ", .values = " + values(property.values);
    if (!property.qualifiers.empty()) text += ", .qualifiers = " + qualifiers(property.qualifiers);
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
      if (!parameter.qualifiers.empty()) parameters += ", .qualifiers = " + qualifiers(parameter.qualifiers);
      parameters += "},\n";
    }
    std::string text =
        fmt::format("    {{.name = {}, .return_type = {}, .parameters = {}, .origin = {}, .declared_in = {}",
                    quoted(method.name), type_constant(method.return_type), array("Parameter", parameters),
                    quoted(method.origin), quoted(method.declared_in));
    if (method.implemented) text += ", .implemented = true";
    if (method.waits) text += ", .waits = true";
    if (const std::string code = not_supported_value(method); !code.empty()) text += ", .not_supported = " + code;
    if (!method.values.empty()) text += ", .values = " + values(method.values);
    if (!method.qualifiers.empty()) text += ", .qualifiers = " + qualifiers(method.qualifiers);
    return text + "},\n";
  }

  void add(const ResolvedClass& each) {
    std::string properties, keys, methods;
    for (std::size_t i = 0; i < each.properties.size(); ++i) {
      properties += property(each.properties[i]);
      if (each.properties[i].is_key) keys += fmt::format("    {},\n", i);
    }
    for (const ResolvedMethod& each_method : each.methods) methods += method(each_method);
    classes_ +=
        fmt::format("constinit const Class {}{{\n    .name = {},\n", constant_name(each.name), quoted(each.name));
    if (each.superclass) classes_ += fmt::format("    .superclass = &{},\n", constant_name(each.superclass->name));
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
    if (!each.qualifiers.empty()) classes_ += fmt::format("    .qualifiers = {},\n", qualifiers(each.qualifiers));
    classes_ += "};\n\n";
  }

  const cim::mof::Schema& schema_;
  const Input& input_;
  std::map<std::string, std::string> arrays_;
  std::string data_, classes_;
};

}  // namespace

void write_class_data(const Input& input, Files& files) {
  std::string declarations;
  for (const ResolvedClass& each : input.schema.classes) {
    declarations += fmt::format("extern const ::vmms::cim::Class {};\n", constant_name(each.name));
  }
  files[input.place.folder + "/classes.hpp"] = fmt::format(
      R"(// Written by cimgen. Do not edit.
#pragma once

#include "cim/class.hpp"

namespace {0} {{

/// The classes of the namespace {1}.
extern const ::vmms::cim::Schema {2};

{3}
}}  // namespace {0}
)",
      input.place.space, input.namespace_name, schema_name(input.namespace_name), declarations);
  files[input.place.folder + "/classes.cpp"] = ClassData(input).source();
}

}  // namespace vmms::cimgen
