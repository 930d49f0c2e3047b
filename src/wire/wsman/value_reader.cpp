#include "wire/wsman/value_reader.hpp"

#include "base/text.hpp"
#include "wire/representation/embedded_instance.hpp"
#include "wire/wsman/endpoint_reference.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/characters.hpp"
#include "wire/xml/simple_types.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::wire::wsman {

namespace {

template <class T>
OrFault<cim::Value> share(Result<T> read) {
  if (!read) return to_fault(read.error());
  return cim::Value(std::make_shared<const T>(std::move(*read)));
}

OrFault<cim::Value> read_one(const xml::Element& element, cim::Type type, const ReadContext& context,
                             std::size_t& instances) {
  if (is_nil(element)) return cim::Value();
  if (type == cim::Type::reference) return share(read_reference(element, context.default_namespace));
  if (element.first_child() && type != cim::Type::datetime)
    return fault(Condition::schema_validation, type == cim::Type::instance
                                                   ? "an embedded instance must be CIM-XML text, escaped or in CDATA"
                                                   : "must be text, without elements");
  switch (type) {
    case cim::Type::string:
      return cim::Value(element.text());
    case cim::Type::instance: {
      const std::string text = element.text();
      if (xml::trim(text).empty()) return cim::Value();  // what scripting clients send for NULL
      return share(representation::read_embedded_instance(text, context.schema, instances));
    }
    default:
      break;
  }
  // A datetime may be inside its own cim:Datetime, cim:Interval …
  const xml::Element inner = type == cim::Type::datetime ? element.first_child() : xml::Element();
  const std::string text = (inner ? inner : element).text();
  if (type == cim::Type::datetime && xml::trim(text).empty()) return cim::Value();  // likewise
  auto value = cim::from_text(type, xml::trim(text));
  if (!value) return to_fault(value.error());
  return std::move(*value);
}

}  // namespace

bool is_nil(const xml::Element& element) {
  const auto nil = element.attribute(names::xsi, "nil");
  return nil && xml::read_boolean(*nil).value_or(false);
}

OrFault<cim::Value> read_value(std::span<const xml::Element> elements, cim::Type type, bool is_array,
                               const ReadContext& context) {
  std::size_t instances = representation::most_instances;
  if (!is_array) {
    if (elements.size() > 1) return fault(Condition::invalid_argument, "is given more than once but is not an array");
    return read_one(elements.front(), type, context, instances);
  }
  cim::Array values;
  values.reserve(elements.size());
  for (const xml::Element& element : elements) {
    auto value = read_one(element, type, context, instances);
    if (!value) return value.error();
    if (value->is_null()) {
      if (elements.size() == 1) return cim::Value();
      return fault(Condition::invalid_argument, "an array may not hold NULL");
    }
    values.push_back(std::move(*value));
  }
  return cim::Value(std::move(values));
}

boost::system::result<Grouped, xml::Element> group_children(const xml::Element& parent,
                                                            std::span<const std::string_view> names) {
  Grouped groups(names.size());
  for (const xml::Element child : parent.children()) {
    const auto name = std::find_if(names.begin(), names.end(),
                                   [&](std::string_view known) { return equals_no_case(known, child.name()); });
    if (name == names.end()) return child;
    groups[static_cast<std::size_t>(name - names.begin())].push_back(child);
  }
  return groups;
}

OrFault<cim::Instance> read_instance(const xml::Element& element, const cim::Class& cim_class,
                                     const ReadContext& context) {
  const cim::Class* own = context.schema.find(element.name());
  if (!own || !own->is_a(cim_class))
    return fault(Condition::invalid_representation,
                 fmt::format("the body holds {:.100}, not an instance of {}", element.name(), cim_class.name));
  std::vector<std::string_view> names;
  for (const cim::Property& property : own->properties) names.push_back(property.name);
  const auto groups = group_children(element, names);
  if (!groups)
    return fault(Condition::invalid_representation,
                 fmt::format("{} has no property {:.100}", own->name, groups.error().name()));
  cim::Instance instance(*own);
  for (std::size_t i = 0; i < own->properties.size(); ++i) {
    if ((*groups)[i].empty()) continue;
    const cim::Property& property = own->properties[i];
    auto value = read_value((*groups)[i], property.type, property.is_array, context);
    if (!value)
      return fault(Condition::invalid_representation,
                   fmt::format("{}.{}: {}", own->name, property.name, value.error().message));
    instance.values[i] = std::move(*value);
  }
  return instance;
}

}  // namespace vmms::wire::wsman
