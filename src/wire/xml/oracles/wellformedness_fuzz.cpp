// Our parser accepts what expat and libxml2 accept, and refuses what they refuse.
#include "wire/xml/oracles/oracle.hpp"
#include "wire/xml/reader.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace vmms;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t most_bytes = 4096;  // within every limit of ours
  const std::string text(reinterpret_cast<const char*>(data), size);
  // Refused here by choice. libxml2 ends at a zero, and for both a declared encoding may be another than UTF-8.
  if (size > most_bytes || text.find("<!DOCTYPE") != std::string::npos || text.find('\0') != std::string::npos)
    return 0;
  const auto ours = wire::xml::Document::parse(text);
  if (!ours && ours.error().kind == Failure::not_supported) return 0;
  const std::string expat = wire::xml::testing::ask_expat(text);
  const std::string libxml2 = wire::xml::testing::ask_libxml2(text);
  const auto right = wire::xml::testing::judge(text, expat, libxml2);
  if (right && *right != static_cast<bool>(ours)) std::abort();
  return 0;
}
