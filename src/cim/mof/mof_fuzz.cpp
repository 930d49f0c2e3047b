// Any text: parsed, resolved and written again, an answer and nothing worse; what was written reads as the same.
#include "cim/mof/parser.hpp"
#include "cim/mof/resolver.hpp"
#include "cim/mof/writer.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vmms::cim::mof;
  const auto declarations = parse(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.mof");
  if (!declarations) return 0;
  static_cast<void>(resolve_namespaces(*declarations));
  const std::string text = write(*declarations);
  const auto again = parse(text, "written.mof");
  if (!again || *again != *declarations) {
    std::fprintf(stderr, "%s\ndoes not read as what was written: %s\n", text.c_str(),
                 again ? "it differs" : again.error().message.c_str());
    std::abort();
  }
  return 0;
}
