#include "names.hpp"
#include "output.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::cimgen {
namespace {

using cim::Type;
using cim::mof::ResolvedClass;
using cim::mof::ResolvedMethod;
using cim::mof::ResolvedParameter;
using cim::mof::ResolvedProperty;

/// Text of a documentation comment, or nothing.
std::string comment(const std::string& text, std::string_view indent) {
  constexpr std::size_t width = 116;
  std::string result, line;
  const auto flush = [&] {
    if (!line.empty()) result += fmt::format("{}///{}\n", indent, line);
    line.clear();
  };
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    if (end > begin) {
      if (indent.size() + 4 + line.size() + end - begin > width) flush();
      line += ' ';
      line += std::string_view(text).substr(begin, end - begin);
    }
    begin = end + 1;
  }
  flush();
  return result;
}

class Header {
 public:
  Header(const ResolvedClass& of, const Place& place) : class_(of), place_(place), name_(struct_name(of.name)) {}

  std::string text() {
    for (const ResolvedProperty& property : class_.properties) {
      if (property.is_key) keys_.push_back(&property);
    }
    std::string includes =
        class_.has_provider ? "#include \"cim/typed_provider.hpp\"\n" : "#include \"cim/instance.hpp\"\n";
    includes += fmt::format("#include \"{}/classes.hpp\"\n", place_.folder);
    if (class_.superclass) includes += fmt::format("#include \"{}\"\n", header_path(place_, class_.superclass->name));
    std::string body = comment(class_.description, "") + fmt::format("struct {} {{\n", name_);
    body += fmt::format("  static const ::vmms::cim::Class& cim_class() {{ return ::{}::{}; }}\n\n", place_.space,
                        constant_name(class_.name));
    body += value_maps() + members() + property_names() + visitor() + key() + roles() + methods();
    while (body.ends_with("\n\n")) body.pop_back();
    body += "};\n";
    if (class_.has_provider) body += provider();
    return fmt::format(
        "// Written by cimgen from {}.mof. Do not edit.\n#pragma once\n\n{}\n"
        "#include <compare>\n#include <cstdint>\n#include <optional>\n#include <string>\n#include <string_view>\n"
        "#include <vector>\n\n"
        "namespace {} {{\n\n{}\n}}  // namespace {}\n",
        class_.name, includes, space(), body, space());
  }

 private:
  std::string space() const { return place_.space + "::" + class_namespace(class_.name); }

  /// A nested type's name: the feature's, unless the struct itself has it.
  std::string nested(const std::string& feature) const { return feature == name_ ? feature + "_" : feature; }

  std::string value_maps() const {
    std::string result;
    for (const ResolvedProperty& property : class_.properties) {
      const auto values = enumerators(property.values, property.type.type);
      if (values.empty()) continue;
      if (property.values_from != class_.name) {
        const std::string from =
            property.name == struct_name(property.values_from) ? property.name + "_" : property.name;
        result += fmt::format("  using {} = {}::{};\n", nested(property.name),
                              qualified_name(place_, property.values_from), from);
      } else {
        result += enumeration(nested(property.name), values, property.type.type, "  ");
      }
    }
    return result.empty() ? "" : result + "\n";
  }

  /// Other numbers than those of the value map are values of it, too: clients and hosts know more.
  static std::string enumeration(const std::string& name, const std::vector<Enumerator>& values, Type type,
                                 const std::string& indent) {
    std::string result = fmt::format("{}enum class {} : {} {{\n", indent, name, value_type(type));
    for (const Enumerator& value : values) result += fmt::format("{}  {} = {},\n", indent, value.name, value.value);
    return result + indent + "};\n";
  }

  /// The C++ type of one value: a property's or parameter's value map where it has one.
  template <class Feature>
  std::string type_of(const Feature& feature) const {
    return enumerators(feature.values, feature.type.type).empty() ? value_type(feature.type.type)
                                                                  : nested(feature.name);
  }

  std::string members() const {
    std::string result;
    for (const ResolvedProperty& property : class_.properties) {
      result += comment(property.description, "  ");
      const std::string type = type_of(property);
      result += fmt::format("  {} {}", optional_type(type, property.is_array), member_name(property.name));
      if (property.default_value) result += " = " + expression(*property.default_value, property.type.type, type);
      result += ";\n";
    }
    return result.empty() ? "" : result + "\n";
  }

  std::string property_names() const {
    std::string names;
    for (const ResolvedProperty& property : class_.properties) {
      names += fmt::format("    {},\n", member_name(property.name));
    }
    return fmt::format(
        "  /// In the order of Class::properties.\n  enum class Property : std::uint16_t {{\n{}  }};\n\n", names);
  }

  std::string visitor() const {
    std::string calls;
    for (const ResolvedProperty& property : class_.properties) {
      calls += fmt::format("    function(object.{});\n", member_name(property.name));
    }
    return fmt::format(
        "  /// Calls the function with each property, in the order of Class::properties.\n"
        "  template <class Function, class Object>\n"
        "  static void for_each_property(Function&& function, Object& object) {{\n{}  }}\n\n",
        calls.empty() ? "    static_cast<void>(function);\n    static_cast<void>(object);\n" : calls);
  }

  std::string key() const {
    if (keys_.empty()) return {};
    // What contains the instance comes first, so that instances are ordered by VM and one VM can be asked after
    // another.
    std::vector<const ResolvedProperty*> order = keys_;
    std::stable_partition(order.begin(), order.end(),
                          [](const ResolvedProperty* each) { return each->name.starts_with("System"); });
    std::string members, filter, arguments, visits;
    bool ordered = true;
    for (const ResolvedProperty* each : order) {
      const std::string type = type_of(*each);
      const std::string name = member_name(each->name);
      members += fmt::format("    {} {}", type, name);
      if (each->default_value) members += " = " + expression(*each->default_value, each->type.type, type);
      members += each->type.type == Type::string || each->type.type == Type::reference || each->default_value ? ";\n"
                                                                                                              : "{};\n";
      filter += fmt::format("    std::optional<{}> {};\n", type, name);
      arguments += fmt::format("{}{}.value_or({}())", arguments.empty() ? "" : ",\n            ", name, type);
      if (each->type.type == Type::reference || each->type.type == Type::datetime) ordered = false;
    }
    for (const ResolvedProperty* each : keys_) {
      visits += fmt::format("    function(objects.{}...);\n", member_name(each->name));
    }
    return fmt::format(
        "  struct Key {{\n    using Object = {};\n{}    friend {}(const Key&, const Key&) = default;\n  }};\n"
        "  struct KeyFilter {{\n{}  }};\n"
        "  Key key() const {{\n    return {{{}}};\n  }}\n"
        "  /// Calls the function with each key of all objects, in the order of Class::keys.\n"
        "  template <class Function, class... Objects>\n"
        "  static void for_each_key(Function&& function, Objects&&... objects) {{\n{}  }}\n\n",
        name_, members, ordered ? "auto operator<=>" : "bool operator==", filter, arguments, visits);
  }

  std::string roles() const {
    if (!class_.is_association) return {};
    std::string result;
    for (const ResolvedProperty& property : class_.properties) {
      if (property.type.type != Type::reference) continue;
      result += fmt::format("  struct {} {{\n    static constexpr std::string_view name = {};\n  }};\n",
                            nested(property.name), quoted(property.name));
    }
    return result + "\n";
  }

  std::string methods() const {
    std::string result;
    for (const ResolvedMethod& method : class_.methods) {
      if (method.declared_in != class_.name) {
        result += fmt::format("  using {} = {}::{};\n", nested(method.name), qualified_name(place_, method.declared_in),
                              method.name == struct_name(method.declared_in) ? method.name + "_" : method.name);
      } else {
        result += tag(method);
      }
      result += fmt::format("  static constexpr {} {}{{}};\n", nested(method.name), member_name(method.name));
    }
    return result;
  }

  std::string arguments(const ResolvedMethod& method, bool ResolvedParameter::*direction) const {
    std::string members, visits;
    for (std::size_t i = 0; i < method.parameters.size(); ++i) {
      const ResolvedParameter& parameter = method.parameters[i];
      if (!(parameter.*direction)) continue;
      members += comment(parameter.description, "      ");
      members += fmt::format("      {} {};\n", optional_type(type_of(parameter), parameter.is_array),
                             member_name(parameter.name));
      visits += fmt::format("        function({}, object.{});\n", i, member_name(parameter.name));
    }
    return fmt::format(
        "{}      template <class Function, class Object>\n"
        "      static void for_each({}, {}) {{{}}}\n",
        members, visits.empty() ? "Function&&" : "Function&& function", visits.empty() ? "Object&" : "Object& object",
        visits.empty() ? "" : "\n" + visits + "      ");
  }

  std::string tag(const ResolvedMethod& method) const {
    std::string result = comment(method.description, "  ");
    result += fmt::format("  struct {} {{\n    static constexpr std::string_view name = {};\n", nested(method.name),
                          quoted(method.name));
    for (const ResolvedParameter& parameter : method.parameters) {
      if (const auto values = enumerators(parameter.values, parameter.type.type); !values.empty())
        result += enumeration(nested(parameter.name), values, parameter.type.type, "    ");
    }
    std::string code = value_type(method.return_type);
    if (const auto codes = enumerators(method.values, method.return_type); !codes.empty()) {
      code = "Code";
      result += enumeration(code, codes, method.return_type, "    ");
    }
    result += "    struct In {\n" + arguments(method, &ResolvedParameter::is_in) + "    };\n";
    result += fmt::format("    struct Out {{\n      {} return_value{{}};\n", code);
    return result + arguments(method, &ResolvedParameter::is_out) + "    };\n  };\n";
  }

  std::string provider() const {
    const std::string base = class_.is_association ? "TypedAssociationProvider" : "TypedProvider";
    std::string list, names, functions;
    if (class_.is_association) {
      for (const ResolvedProperty& property : class_.properties) {
        if (property.type.type != Type::reference) continue;
        const std::string role = fmt::format("{}::{}", name_, nested(property.name));
        list += (list.empty() ? "" : ", ") + role;
        functions += fmt::format(
            "  /// The associations in which `end` is the {}.\n"
            "  virtual ::vmms::Result<std::vector<{}>> from(const ::vmms::cim::Context& context, {},\n"
            "      const ::vmms::cim::ObjectPath& end) = 0;\n",
            property.name, name_, role);
      }
    } else {
      for (const ResolvedMethod& method : class_.methods) {
        if (!method.implemented) continue;
        const std::string tag = nested(method.name);
        names += fmt::format("  using {0} = {1}::{0};\n", tag, name_);
        list += (list.empty() ? "" : ", ") + tag;
        functions += comment(method.description, "  ");
        functions += fmt::format(
            "  virtual ::vmms::Result<{0}::Out> invoke(const ::vmms::cim::Context& context, {0},\n"
            "      const Key& key, const {0}::In& in) = 0;\n",
            tag);
      }
    }
    return fmt::format(
        "\n/// What src/providers implements for {0}.\n"
        "class {1}Provider : public ::vmms::cim::{2}<{1}> {{\n public:\n{7}"
        "  using {3} = ::vmms::cim::{4}<{5}>;\n\n{6}}};\n",
        class_.name, name_, base, class_.is_association ? "Roles" : "Methods",
        class_.is_association ? "RoleList" : "MethodList", list, functions, names);
  }

  const ResolvedClass& class_;
  const Place& place_;
  std::string name_;
  std::vector<const ResolvedProperty*> keys_;
};

}  // namespace

void write_typed_headers(const Input& input, Files& files) {
  for (const ResolvedClass& each : input.schema.classes)
    files[header_path(input.place, each.name)] = Header(each, input.place).text();
}

}  // namespace vmms::cimgen
