// What a host sends, as our own agent reads it: what is read must be written as it was.
#include "guest/protocol/frames.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vmms::guest::protocol;
  FrameReader frames;
  frames.add({reinterpret_cast<const char*>(data), size});
  while (const auto frame = frames.next()) {
    const std::string kept(*frame);
    if (const auto message = decode_to_agent(kept); message && encode(*message).substr(4) != kept) std::abort();
  }
  return 0;
}
