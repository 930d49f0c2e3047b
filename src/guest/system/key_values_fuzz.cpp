// What programs of a guest left in its file of key-value pairs. What is read must be written so that it reads the same.
#include "guest/system/key_values.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vmms::guest;
  const KeyValues values = read_key_values({reinterpret_cast<const char*>(data), size});
  const std::string text = write_key_values(values);
  if (text.size() <= key_values_bytes && read_key_values(text) != values) std::abort();
  return 0;
}
