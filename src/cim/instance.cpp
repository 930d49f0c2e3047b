#include "cim/instance.hpp"

namespace vmms::cim {

const Value& Instance::operator[](std::string_view property_name) const {
  static const Value null;
  const auto index = class_->property_index(property_name);
  return index ? values[*index] : null;
}

bool Instance::set(std::string_view property_name, Value value) {
  const auto index = class_->property_index(property_name);
  if (!index) return false;
  values[*index] = std::move(value);
  return true;
}

ObjectPath Instance::path(std::string_view namespace_name) const {
  ObjectPath path;
  path.namespace_name = namespace_name;
  path.class_name = class_->name;
  path.keys.reserve(class_->keys.size());
  for (const std::uint16_t index : class_->keys) {
    const Value& value = values[index];
    KeyBinding key{std::string(class_->properties[index].name), {}, {}};
    if (const auto* reference = value.get_if<ObjectPathPtr>())
      key.reference = *reference;
    else
      key.value = to_text(value);
    path.keys.push_back(std::move(key));
  }
  return path;
}

bool operator==(const Instance& left, const Instance& right) {
  return &left.cim_class() == &right.cim_class() && left.values == right.values;
}

}  // namespace vmms::cim
