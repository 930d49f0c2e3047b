// What a guest prints of its files: no input may crash, hang or give a name that could command a terminal.
#include "guest/files/files.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vmms::guest;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto listing = read_listing(text);
  for (const FileInformation& file : listing.entries)
    if (file.permissions > 07777 || std::any_of(file.name.begin(), file.name.end(), [](unsigned char byte) {
          return byte < 0x20 && byte != '\t' && byte != '\n';
        }))
      std::abort();
  read_stat_line(line_value(text, "File"));
  file_error(line_value(text, "Error"), std::string(text.substr(0, size / 2)), text.substr(size / 2));
  check_guest_path(text).has_value();
  return 0;
}
