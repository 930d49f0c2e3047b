#include "wire/wsman/fragment.hpp"

#include "base/text.hpp"
#include "wire/wsman/instance_writer.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/characters.hpp"

#include <fmt/format.h>

#include <charconv>
#include <vector>

namespace vmms::wire::wsman {

namespace {

Fault not_processed(const Fragment& fragment, std::string_view why) {
  return fault(Condition::cannot_process_filter,
               fmt::format("the fragment \"{:.100}\" {}; write Property, Property[2] or Property/text()",
                           fragment.expression, why));
}

// The steps between the slashes, without prefixes.
std::vector<std::string_view> steps_of(std::string_view expression) {
  std::vector<std::string_view> steps;
  while (!expression.empty()) {
    const std::string_view step = expression.substr(0, expression.find('/'));
    expression.remove_prefix(std::min(expression.size(), step.size() + 1));
    const std::string_view local = step.substr(step.find(':') == std::string_view::npos ? 0 : step.find(':') + 1);
    if (!local.empty() && local != ".") steps.push_back(local);
  }
  return steps;
}

// Takes `[2]` off a step; false when what stands there is no such index.
bool take_index(std::string_view& step, std::optional<std::size_t>& index) {
  const auto bracket = step.find('[');
  if (bracket == std::string_view::npos) return true;
  const std::string_view digits = step.substr(bracket + 1, step.size() - bracket - 2);
  std::size_t value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (step.back() != ']' || problem != std::errc() || end != digits.data() + digits.size() || value == 0) return false;
  step = step.substr(0, bracket);
  index = value;
  return true;
}

// The value that the path names: one item, or the whole property.
const cim::Value& value_of(const cim::Instance& instance, const FragmentPath& path) {
  static const cim::Value null;
  const cim::Value& value = instance[path.property->name];
  if (!path.index) return value;
  if (const auto* array = value.get_if<cim::Array>())
    return *path.index <= array->size() ? (*array)[*path.index - 1] : null;
  return *path.index == 1 ? value : null;
}

}  // namespace

OrFault<FragmentPath> read_fragment_path(const Fragment& fragment, const cim::Class& cim_class) {
  // Clients spell the names of XPath's levels differently.
  if (to_lower(fragment.dialect).find("xpath") == std::string::npos)
    return fault(Condition::fragment_dialect,
                 fmt::format("the fragment dialect \"{:.200}\" is not supported; supported is {}", fragment.dialect,
                             names::dialect_xpath));
  auto steps = steps_of(fragment.expression);
  FragmentPath path;
  if (!steps.empty() && steps.back() == "text()") {
    path.text = true;
    steps.pop_back();
  }
  const cim::Class* named = &cim_class;
  if (steps.size() == 2) {
    // The instance's own class may be a subclass of the one in the resource URI, which is not known here.
    const bool own = equals_no_case(steps.front(), named->name);
    if (!own) return not_processed(fragment, fmt::format("is not in {}", named->name));
    steps.erase(steps.begin());
  }
  if (steps.size() != 1) return not_processed(fragment, "names no property");
  std::string_view name = steps.front();
  if (!take_index(name, path.index)) return not_processed(fragment, "has an index that is no number from 1 on");
  path.property = named->property(name);
  if (!path.property) return not_processed(fragment, fmt::format("names no property of {}", named->name));
  return path;
}

OrFault<void> write_fragment_of(std::string& text, const cim::Instance& instance, const FragmentPath& path,
                                const Spelling& spelling) {
  const cim::Value& value = value_of(instance, path);
  const auto* array = value.get_if<cim::Array>();
  const bool nothing = value.is_null() || (array && array->empty());
  xml::Writer writer(text);
  writer.start("w:XmlFragment").constant("xmlns:xsi", names::xsi);
  if (nothing && (path.text || path.property->is_array)) {
    writer.attribute("xsi:nil", "true");
  } else if (path.text) {
    const bool structured = path.property->type == cim::Type::reference || array;
    if (structured)
      return fault(Condition::cannot_process_filter,
                   fmt::format("{} is {}: its text alone says nothing", path.property->name,
                               array ? "an array" : "a reference"));
    writer.text(text_of(value));
  } else {
    writer.attribute("xmlns:p", class_uri(spelling.family, spelling.namespace_name, instance.cim_class().name))
        .attribute("xmlns:cim", names::cim_common);
    write_value(writer, path.property->name, array != nullptr, value, spelling);
  }
  writer.end();
  return {};
}

OrFault<cim::Instance> read_fragment_change(const xml::Element& fragment, const FragmentPath& path,
                                            const cim::Instance& present, const ReadContext& context) {
  const cim::Property& property = *path.property;
  const auto refuse = [&](std::string_view message) {
    return fault(Condition::invalid_representation, fmt::format("{}: {}", property.name, message));
  };
  if (!fragment.is(names::wsman, "XmlFragment"))
    return fault(Condition::invalid_representation, "the SOAP Body must hold w:XmlFragment");
  std::vector<xml::Element> elements;
  if (path.text) {
    if (property.is_array && !path.index) return refuse("the items of an array are set by their elements");
    elements.push_back(fragment);
  } else {
    for (const xml::Element child : fragment.children()) {
      if (!equals_no_case(child.name(), property.name))
        return refuse(fmt::format("the fragment holds {:.100} instead", child.name()));
      elements.push_back(child);
    }
  }
  if (elements.empty()) return refuse("the fragment holds no value");
  auto value = read_value(elements, property.type, property.is_array && !path.index, context);
  if (!value) return refuse(value.error().message);
  cim::Instance changes(present.cim_class());
  if (!property.is_array || !path.index) {
    if (path.index && *path.index != 1) return refuse("is no array");
    changes.set(property.name, std::move(*value));
    return changes;
  }
  const auto* array = present[property.name].get_if<cim::Array>();
  cim::Array items = array ? *array : cim::Array();
  if (*path.index > items.size() + 1) return refuse(fmt::format("has {} items only", items.size()));
  if (*path.index > items.size()) items.emplace_back();
  items[*path.index - 1] = std::move(*value);
  changes.set(property.name, std::move(items));
  return changes;
}

}  // namespace vmms::wire::wsman
