// Any text in any encoding and either dialect: parsed, resolved and written again, an answer and nothing worse; what
// was written reads as the same.
#include "base/encoding.hpp"
#include "cim/mof/parser.hpp"
#include "cim/mof/resolver.hpp"
#include "cim/mof/writer.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace vmms::cim::mof;

namespace {

void try_text(const std::string& text, Dialect dialect) {
  Problems problems;
  const Declarations declarations = parse(text, "fuzz.mof", {.dialect = dialect}, problems);
  if (problems.errors() != 0) return;
  static_cast<void>(resolve_namespaces(declarations, dialect, problems));
  const std::string written = write(declarations);
  const auto again = parse(written, "written.mof", {.dialect = dialect});
  if (!again || *again != declarations) {
    std::fprintf(stderr, "%s\ndoes not read as what was written: %s\n", written.c_str(),
                 again ? "it differs" : again.error().message.c_str());
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto text = vmms::to_utf8(bytes, vmms::encoding_of(bytes));
  if (!text) return 0;
  for (const Dialect dialect : {Dialect::dmtf, Dialect::wmi}) try_text(*text, dialect);
  return 0;
}
