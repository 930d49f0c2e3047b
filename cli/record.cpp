#include "cli/record.hpp"

#include "base/text.hpp"
#include "cli/schema.hpp"
#include "cli/text.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace vmms::cli {

namespace wsman = wire::wsman;
namespace json = boost::json;

namespace {

// The fields of one name, wherever they stand in the record.
struct Group {
  std::string_view name;
  std::vector<const wsman::Field*> fields;
};

std::vector<Group> groups_of(const wsman::Record& record) {
  std::vector<Group> groups;
  for (const wsman::Field& field : record.fields) {
    if (groups.empty() || groups.back().name != field.name) groups.push_back({field.name, {}});
    groups.back().fields.push_back(&field);
  }
  return groups;
}

template <class Number>
std::optional<Number> parse(std::string_view text) {
  Number number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

// What does not read as its type stays text: this program shows what is there.
json::value scalar(const wsman::Field& field, const std::optional<Members::Member>& member) {
  if (field.is_null) return nullptr;
  if (field.reference) return json::string(field.reference->to_string());
  if (member) {
    if (member->type == cim::Type::boolean && (field.text == "true" || field.text == "false"))
      return field.text == "true";
    if (cim::is_unsigned(member->type))
      if (const auto number = parse<std::uint64_t>(field.text)) return *number;
    if (cim::is_signed(member->type))
      if (const auto number = parse<std::int64_t>(field.text)) return *number;
    if (member->type == cim::Type::real32 || member->type == cim::Type::real64)
      if (const auto number = parse<double>(field.text)) return *number;
  }
  return json::string(field.text);
}

std::string scalar_text(const wsman::Field& field, const std::optional<Members::Member>& member) {
  if (field.is_null) return "NULL";
  if (field.reference) return field.reference->to_string();
  if (member)
    if (const auto name = value_name(member->values, field.text); !name.empty() && name != field.text)
      return fmt::format("{} ({})", field.text, name);
  return field.text;
}

bool is_array(const Group& group, const std::optional<Members::Member>& member) {
  return member ? member->is_array && !(group.fields.size() == 1 && group.fields.front()->is_null)
                : group.fields.size() > 1;
}

}  // namespace

std::optional<Members::Member> Members::find(std::string_view name) const {
  if (class_)
    if (const cim::Property* property = class_->property(name))
      return Member{property->type, property->is_array, property->values};
  if (method_)
    for (const cim::Parameter& parameter : method_->parameters)
      if (equals_no_case(parameter.name, name)) return Member{parameter.type, parameter.is_array};
  return {};
}

json::object to_json(const wsman::Record& record, const Members& members) {
  json::object object;
  for (const Group& group : groups_of(record)) {
    const auto member = members.find(group.name);
    if (is_array(group, member)) {
      json::array array;
      for (const wsman::Field* field : group.fields) array.push_back(scalar(*field, member));
      object[group.name] = std::move(array);
    } else {
      object[group.name] = scalar(*group.fields.front(), member);
    }
  }
  return object;
}

std::string to_text(const wsman::Record& record, const Members& members) {
  Sheet sheet;
  for (const Group& group : groups_of(record)) {
    const auto member = members.find(group.name);
    std::string value;
    if (is_array(group, member)) {
      for (const wsman::Field* field : group.fields) {
        value += value.empty() ? "{" : ", ";
        value += scalar_text(*field, member);
      }
      value += '}';
    } else {
      value = scalar_text(*group.fields.front(), member);
    }
    sheet.add(std::string(group.name), value);
  }
  return sheet.text();
}

}  // namespace vmms::cli
