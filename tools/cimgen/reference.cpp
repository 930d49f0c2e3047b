#include "cim/mof/checks.hpp"
#include "cim/mof/writer.hpp"
#include "names.hpp"
#include "output.hpp"

#include <fmt/format.h>

namespace vmms::cimgen {
namespace {

using cim::mof::ResolvedClass;
using cim::mof::ResolvedMethod;
using cim::mof::ResolvedProperty;
using cim::mof::ValueText;

std::string type_text(const cim::mof::TypeName& type, bool is_array) {
  std::string text;
  if (type.type == cim::Type::reference) {
    text = type.object_class + " REF";
  } else if (type.type == cim::Type::instance) {
    text = type.object_class.empty() ? "string (any instance)" : "string (" + type.object_class + ")";
  } else {
    text = cim::mof::type_keyword(type.type);
  }
  return is_array ? text + "[]" : text;
}

/// Text in a table's cell.
std::string cell(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '|') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

std::string values_text(const std::vector<ValueText>& values) {
  std::string result;
  for (const ValueText& value : values) {
    if (!result.empty()) result += ", ";
    result += value.name.empty() ? "\"" + value.value + "\"" : value.value + " " + value.name;
  }
  return result;
}

std::string properties_text(const ResolvedClass& of) {
  std::string result = "## Properties\n\n| Property | Type | | Default | Meaning |\n|---|---|---|---|---|\n";
  for (const ResolvedProperty& each : of.properties) {
    std::string meaning = each.description;
    if (!each.values.empty()) meaning += (meaning.empty() ? "" : " ") + values_text(each.values);
    const std::string marks = each.is_key ? "key" : each.is_writable ? "write" : "";
    result += fmt::format("| {} | {} | {} | {} | {} |\n", each.name, type_text(each.type, each.is_array), marks,
                          each.default_value ? "`" + cell(cim::mof::initializer_text(*each.default_value)) + "`" : "",
                          cell(meaning));
  }
  return result;
}

std::string method_text(const ResolvedMethod& method) {
  std::string parameters;
  for (const auto& each : method.parameters) {
    if (!parameters.empty()) parameters += ", ";
    parameters += fmt::format("[{}] {} {}",
                              each.is_in && each.is_out ? "in, out"
                              : each.is_in              ? "in"
                                                        : "out",
                              type_text(each.type, each.is_array), each.name);
  }
  std::string result = fmt::format("### {}\n\n`{} {}({})`\n\n", method.name, type_text({method.return_type, {}}, false),
                                   method.name, parameters);
  if (!method.description.empty()) result += method.description + "\n\n";
  if (!method.implemented) result += "Not implemented.\n\n";
  if (!method.values.empty()) result += "Returns: " + values_text(method.values) + ".\n\n";
  return result;
}

std::string page(const ResolvedClass& of) {
  std::string chain;
  for (const ResolvedClass* each = of.superclass; each; each = each->superclass) chain += " : " + each->name;
  std::string result = "# " + of.name + "\n\n";
  if (!of.description.empty()) result += of.description + "\n\n";
  result += fmt::format("`{}{}`\n\n", of.name, chain);
  if (!of.join_left.empty()) {
    result += fmt::format("Joins all pairs where {} = {}.\n\n", of.join_left, of.join_right);
  }
  result += properties_text(of);
  if (!of.methods.empty()) result += "\n## Methods\n\n";
  for (const ResolvedMethod& each : of.methods) result += method_text(each);
  while (result.ends_with("\n\n")) result.pop_back();
  return result;
}

}  // namespace

void write_reference(const Input& input, Files& files) {
  const std::string folder = "reference" + input.place.folder.substr(std::string_view("schema").size()) + "/";
  for (const ResolvedClass& each : input.schema.classes) {
    if (each.has_provider || !each.join_left.empty()) files[folder + each.name + ".md"] = page(each);
  }
}

}  // namespace vmms::cimgen
