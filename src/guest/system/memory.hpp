// How much memory a guest's data takes here, for its VM's account: roughly, and never less than half of it.
#pragma once

#include "guest/services/service_manager.hpp"
#include "guest/system/system.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmms::guest {

/// What a map or set takes for each of its elements beside the element.
inline constexpr std::size_t node_memory = 48;

/// Of a text, beside the object itself: short ones are kept in it.
inline std::size_t memory_of(std::string_view text) { return text.size() > 15 ? text.size() + 16 : 0; }

std::size_t memory_of(const Service& service);
std::size_t memory_of(const ServiceList& list);
std::size_t memory_of(const std::vector<NetworkInterface>& interfaces);

inline std::size_t memory_of(const KeyValues& values) {
  std::size_t bytes = values.size() * sizeof(KeyValues::value_type);
  for (const auto& [name, value] : values) bytes += memory_of(name) + memory_of(value);
  return bytes;
}

}  // namespace vmms::guest
