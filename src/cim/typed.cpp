#include "cim/typed.hpp"

namespace vmms::cim::typed {

Error unfit(std::string_view owner, std::string_view name) {
  return error(Failure::invalid_argument,
               std::string(owner) + "." + std::string(name) + " has a value of another type, or one out of its range");
}

Error unrelated(const Class& object, const Class& expected) {
  return error(Failure::invalid_argument,
               "an instance of " + std::string(expected.name) + " is needed, not one of " + std::string(object.name));
}

Error missing_key(const ObjectPath& path, const Property& key) {
  return error(Failure::invalid_argument,
               "the path of the " + path.class_name + " lacks the key " + std::string(key.name));
}

Result<Value> key_value(const ObjectPath& path, const Property& key) {
  const KeyBinding* binding = path.find(key.name);
  if (!binding || (key.type == Type::reference && !binding->reference)) return missing_key(path, key);
  if (key.type == Type::reference) return Value(ObjectPathPtr(binding->reference));
  return from_text(key.type, binding->value);
}

KeyBinding key_binding(const Property& key, Value value) {
  KeyBinding binding;
  binding.name = key.name;
  if (const ObjectPathPtr* reference = value.get_if<ObjectPathPtr>()) {
    binding.reference = *reference;
  } else {
    binding.value = to_text(value);
  }
  return binding;
}

}  // namespace vmms::cim::typed
