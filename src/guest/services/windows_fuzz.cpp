// What the scripts for Windows print. Whatever it is, names stay names.
#include "guest/services/windows.hpp"

#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace vmms::guest;
  static const auto manager = make_windows();
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Output output{0, std::nullopt, text, text};
  if (const auto list = manager->read_list(output, nullptr))
    for (const auto& [name, service] : (*list)->services)
      if (!windows_service_name(name) || service.name != name) std::abort();
  (void)manager->read_state("a", output);
  (void)manager->read_outcome("a", output);
  return 0;
}
