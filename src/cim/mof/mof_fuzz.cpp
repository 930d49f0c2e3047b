// Any text: parsed and resolved, an answer and nothing worse.
#include "cim/mof/parser.hpp"
#include "cim/mof/resolver.hpp"

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto declarations =
      vmms::cim::mof::parse(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.mof");
  if (declarations) static_cast<void>(vmms::cim::mof::resolve(*declarations));
  return 0;
}
