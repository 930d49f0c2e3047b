// Descriptions of fleets with typing mistakes.
#include "hypervisor/simulator/description.hpp"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)vmms::hypervisor::simulator::parse_description({reinterpret_cast<const char*>(data), size}, "fuzz");
  return 0;
}
