#include "wire/cimxml/parameters.hpp"

#include "base/text.hpp"
#include "cim/naming.hpp"
#include "wire/representation/instance_name.hpp"
#include "wire/xml/characters.hpp"

#include <fmt/format.h>

namespace vmms::wire::cimxml {

Status complete_keys(cim::ObjectPath& path, const cim::Schema& schema) {
  const cim::Class* cim_class = schema.find(path.class_name);
  // For classes without keys the instance's own class has them, or the object manager reports what is wrong.
  if (!cim_class || cim_class->keys.empty()) return {};
  return cim::complete_keys(path.keys, *cim_class);
}

Result<cim::ObjectPath> read_path(const xml::Element& instance_name, const cim::Schema& schema) {
  auto path = representation::read_instance_path(instance_name);
  if (!path) return path;
  if (auto completed = complete_keys(*path, schema); !completed) return completed.error();
  path->namespace_name = schema.namespace_name;
  return path;
}

Parameters::Parameters(const Call& call, const cim::Schema& schema) : operation_(call.name), schema_(schema) {
  constexpr std::size_t most_parameters = 64;  // no operation has so many
  for (const xml::Element element : call.parameters) {
    if (parameters_.size() == most_parameters) {
      error_ = cim_error(Code::invalid_parameter,
                         fmt::format("{:.100} has no {} parameters", operation_, parameters_.size() + 1));
      break;
    }
    const std::string_view name = element.attribute({}, "NAME").value_or(std::string_view{});
    for (const Parameter& other : parameters_)
      if (equals_no_case(other.name, name)) fail(name, "is given twice");
    parameters_.push_back({name, element.first_child()});
  }
}

void Parameters::fail(std::string_view name, std::string_view why) {
  if (!error_)
    error_ = cim_error(Code::invalid_parameter, fmt::format("{:.100}: parameter {:.100} {}", operation_, name, why));
}

xml::Element Parameters::take(std::string_view name, Need need) {
  xml::Element found;
  for (Parameter& parameter : parameters_) {
    if (!equals_no_case(parameter.name, name)) continue;
    parameter.taken = true;
    found = parameter.value;
  }
  if (!found && need == Need::required) fail(name, "is missing");
  return found;
}

xml::Element Parameters::take(std::string_view name, Need need, std::string_view kind) {
  const xml::Element found = take(name, need);
  if (!found || found.name() == kind) return found;
  fail(name, fmt::format("is a {:.40} instead of a {}", found.name(), kind));
  return {};
}

xml::Element Parameters::element(std::string_view name, Need need) { return take(name, need); }

bool Parameters::boolean(std::string_view name, bool by_default) {
  const xml::Element value = take(name, Need::optional, "VALUE");
  if (!value) return by_default;
  const auto read = cim::from_text(cim::Type::boolean, xml::trim(value.text()));
  if (!read) fail(name, "is neither TRUE nor FALSE");
  return read ? *read->get_if<bool>() : by_default;
}

std::optional<std::uint32_t> Parameters::number(std::string_view name, Need need) {
  const xml::Element value = take(name, need, "VALUE");
  if (!value) return {};
  const auto read = cim::from_text(cim::Type::uint32, xml::trim(value.text()));
  if (!read) {
    fail(name, read.error().message);
    return {};
  }
  return static_cast<std::uint32_t>(*read->get_if<std::uint64_t>());
}

std::optional<std::string> Parameters::text(std::string_view name, Need need) {
  const xml::Element value = take(name, need, "VALUE");
  if (!value) return {};
  return value.text();
}

std::optional<std::vector<std::string>> Parameters::texts(std::string_view name) {
  constexpr std::size_t most = 1024;  // all of them lists of properties; no class has so many
  const xml::Element value = take(name, Need::optional, "VALUE.ARRAY");
  if (!value) return {};
  std::vector<std::string> result;
  for (const xml::Element item : value.children()) {
    if (item.name() != "VALUE") fail(name, "has a NULL in it");
    if (result.size() == most) {
      fail(name, fmt::format("has more than {} items", most));
      break;
    }
    result.push_back(item.text());
  }
  return result;
}

std::string Parameters::class_name(std::string_view name, Need need) {
  const xml::Element value = take(name, need, "CLASSNAME");
  std::string text(value ? value.attribute({}, "NAME").value_or(std::string_view{}) : std::string_view{});
  if (value && text.empty() && need == Need::required) fail(name, "is empty");
  return text;
}

cim::ObjectPath Parameters::read_name(std::string_view name, const xml::Element& element) {
  auto path = read_path(element, schema_);
  if (path) return std::move(*path);
  fail(name, path.error().message);
  return {};
}

cim::ObjectPath Parameters::instance_name(std::string_view name) {
  const xml::Element value = take(name, Need::required, "INSTANCENAME");
  return value ? read_name(name, value) : cim::ObjectPath();
}

cim::ObjectPath Parameters::object_name(std::string_view name, bool& is_class) {
  const xml::Element value = take(name, Need::required);
  is_class = value.name() == "CLASSNAME";
  if (!value) return {};
  if (value.name() == "INSTANCENAME") {
    cim::ObjectPath path = read_name(name, value);
    // So sblim's Java client names classes. A singleton may be named without its keys.
    const cim::Class* named = schema_.find(path.class_name);
    is_class = path.keys.empty() && !(named && named->is_singleton);
    return path;
  }
  if (!is_class) {
    fail(name, "is neither an INSTANCENAME nor a CLASSNAME");
    return {};
  }
  cim::ObjectPath path;
  path.namespace_name = schema_.namespace_name;
  path.class_name = value.attribute({}, "NAME").value_or(std::string_view{});
  return path;
}

OrError<void> Parameters::done() const {
  if (error_) return *error_;
  for (const Parameter& parameter : parameters_)
    if (!parameter.taken)
      return cim_error(Code::invalid_parameter,
                       fmt::format("{:.100} has no parameter {:.100}", operation_, parameter.name));
  return {};
}

}  // namespace vmms::wire::cimxml
