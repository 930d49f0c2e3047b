// Any text: an object path or an error. What is read is written so that it is read as the same path.
#include "cim/object_path.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using vmms::cim::ObjectPath;
  const auto path = ObjectPath::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!path) return 0;
  const auto again = ObjectPath::parse(path->to_string());
  if (!again || !same_object(*path, *again) || again->namespace_name != path->namespace_name) std::abort();
  return 0;
}
