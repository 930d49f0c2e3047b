// Facet of a host: what somebody who sits before a virtual machine does.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace vmms::hypervisor {

class Consoles {
 public:
  virtual ~Consoles() = default;

  /// Presses keys of a running VM's keyboard together, at most 16, and releases them: returns at once, each is down and
  /// then up for `hold`. A key is its scancode of set 1, and 0x80 more where that has the prefix 0xE0. Errors: those
  /// of VirtualMachines::start.
  virtual Status press_keys(std::string_view id, const std::vector<std::uint8_t>& keys,
                            std::chrono::milliseconds hold) = 0;
};

}  // namespace vmms::hypervisor
