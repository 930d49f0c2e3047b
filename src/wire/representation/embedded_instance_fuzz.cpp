#include "testing/test_schema.hpp"
#include "wire/representation/embedded_instance.hpp"

#include <cstdint>
#include <cstdlib>

using namespace vmms;
using namespace vmms::wire;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read =
      representation::read_embedded_instance({reinterpret_cast<const char*>(data), size}, testing::schema);
  if (!read) return 0;
  // What was read can be written and read again.
  if (!representation::read_embedded_instance(representation::write_embedded_instance(*read), testing::schema))
    std::abort();
  return 0;
}
