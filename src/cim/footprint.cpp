#include "cim/footprint.hpp"

#include "cim/instance.hpp"

namespace vmms::cim {

std::size_t footprint(const std::vector<Value>& values) {
  std::size_t bytes = 0;
  for (const Value& value : values) bytes += footprint(value);
  return bytes;
}

std::size_t footprint(const std::vector<KeyBinding>& keys) {
  std::size_t bytes = 0;
  for (const KeyBinding& key : keys) {
    bytes += sizeof(KeyBinding) + key.name.size() + key.value.size();
    if (key.reference) bytes += footprint(*key.reference);
  }
  return bytes;
}

std::size_t footprint(const ObjectPath& path) {
  return sizeof(ObjectPath) + path.host.size() + path.namespace_name.size() + path.class_name.size() +
         footprint(path.keys);
}

std::size_t footprint(const Instance& instance) { return sizeof(Instance) + footprint(instance.values); }

std::size_t footprint(const Value& value) {
  std::size_t bytes = sizeof(Value);
  if (const auto* text = value.get_if<std::string>()) bytes += text->size();
  if (const auto* path = value.get_if<ObjectPathPtr>(); path && *path) bytes += footprint(**path);
  if (const auto* instance = value.get_if<InstancePtr>(); instance && *instance) bytes += footprint(**instance);
  if (const auto* array = value.get_if<Array>()) bytes += footprint(*array);
  return bytes;
}

}  // namespace vmms::cim
