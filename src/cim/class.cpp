#include "cim/class.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace vmms::cim {

namespace {

// The arrays are sorted by name without case; `name_of` gives an element's name.
template <class Range, class NameOf>
auto find_by_name(const Range& range, std::string_view name, NameOf name_of) {
  auto found = std::lower_bound(range.begin(), range.end(), name, [&](const auto& element, std::string_view wanted) {
    return compare_no_case(name_of(element), wanted) < 0;
  });
  return found != range.end() && equals_no_case(name_of(*found), name) ? found : range.end();
}

}  // namespace

std::optional<std::size_t> Class::property_index(std::string_view property_name) const {
  const auto found = find_by_name(properties, property_name, [](const Property& p) { return p.name; });
  if (found == properties.end()) return {};
  return static_cast<std::size_t>(found - properties.begin());
}

const Property* Class::property(std::string_view property_name) const {
  const auto index = property_index(property_name);
  return index ? &properties[*index] : nullptr;
}

const Method* Class::method(std::string_view method_name) const {
  const auto found = find_by_name(methods, method_name, [](const Method& m) { return m.name; });
  return found == methods.end() ? nullptr : &*found;
}

bool Method::takes_references() const {
  return std::any_of(parameters.begin(), parameters.end(),
                     [](const Parameter& parameter) { return parameter.type == Type::reference && parameter.is_in; });
}

bool Class::is_a(const Class& ancestor) const {
  for (const Class* c = this; c; c = c->superclass)
    if (c == &ancestor) return true;
  return false;
}

const Qualifier* find_qualifier(std::span<const Qualifier> qualifiers, std::string_view name) {
  for (const Qualifier& qualifier : qualifiers)
    if (equals_no_case(qualifier.type->name, name)) return &qualifier;
  return nullptr;
}

bool has_qualifier(std::span<const Qualifier> qualifiers, std::string_view name) {
  const Qualifier* found = find_qualifier(qualifiers, name);
  return found && found->type->type == Type::boolean && !found->values.empty() &&
         equals_no_case(found->values.front(), "true");
}

const Class* Schema::find(std::string_view class_name) const {
  // Clients use few classes, again and again.
  struct Recent {
    const Class* const* of = nullptr;
    const Class* cim_class = nullptr;
  };
  thread_local std::array<Recent, 64> recent;
  if (class_name.empty()) return nullptr;
  const auto letter = [&](std::size_t i) { return static_cast<std::size_t>(to_lower(class_name[i])); };
  const std::size_t size = class_name.size();
  Recent& place = recent[(size + 7 * letter(size - 1) + 11 * letter(size / 2)) % recent.size()];
  if (place.of == classes.data() && equals_no_case(place.cim_class->name, class_name)) return place.cim_class;
  const auto found = find_by_name(classes, class_name, [](const Class* c) { return c->name; });
  if (found == classes.end()) return nullptr;
  place = {classes.data(), *found};
  return *found;
}

}  // namespace vmms::cim
