// Any text: a CIM datetime, an ISO 8601 time or duration, or an error. What is read is written so that it is read as
// the same.
#include "cim/datetime.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vmms::cim;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static_cast<void>(parse_duration(text));
  for (const auto& read : {DateTime::parse(text), DateTime::parse_iso8601(text)}) {
    if (!read) continue;
    const auto iso = DateTime::parse_iso8601(read->to_iso8601());
    if (!iso || iso->is_interval() != read->is_interval() || iso->length() != read->length()) std::abort();
    const std::string cim_form = read->to_cim();
    const auto cim = DateTime::parse(cim_form);
    if (cim_form.size() != 25 || !cim || cim->is_interval() != read->is_interval() || cim->length() != read->length())
      std::abort();
  }
  return 0;
}
