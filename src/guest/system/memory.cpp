#include "guest/system/memory.hpp"

namespace vmms::guest {

std::size_t memory_of(const Service& service) {
  std::size_t bytes = sizeof service;
  for (const std::string* text : {&service.name, &service.description, &service.load_state, &service.active_state,
                                  &service.sub_state, &service.unit_file_state, &service.type, &service.result})
    bytes += memory_of(*text);
  return bytes;
}

std::size_t memory_of(const ServiceList& list) {
  constexpr std::size_t entry = node_memory + sizeof(std::string);
  std::size_t bytes = sizeof list;
  for (const auto& [name, service] : list.services) bytes += entry + memory_of(name) + memory_of(service);
  for (const std::string& name : list.defined) bytes += entry + memory_of(name);
  for (const auto& [name, loaded] : list.loaded)
    bytes += entry + memory_of(name) + sizeof loaded + memory_of(loaded.state);
  return bytes;
}

std::size_t memory_of(const std::vector<NetworkInterface>& interfaces) {
  std::size_t bytes = 0;
  for (const NetworkInterface& each : interfaces) {
    bytes += sizeof each + memory_of(each.name) + memory_of(each.hardware_address);
    for (const IpAddress& address : each.addresses) bytes += sizeof address + memory_of(address.text);
  }
  return bytes;
}

}  // namespace vmms::guest
