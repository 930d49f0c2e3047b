// What the scripts for init scripts print. Whatever it is, names stay names and texts printable.
#include "guest/services/init_scripts.hpp"

#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace vmms::guest;
  static const auto manager = make_openrc();
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Output output{0, std::nullopt, text, text};
  if (const auto list = manager->read_list(output, nullptr))
    for (const auto& [name, service] : (*list)->services)
      if (init_script_name(name + ".service") != name || service.name != name) std::abort();
  (void)manager->read_state("a", output);
  if (const auto outcome = manager->read_outcome("a", output); outcome && outcome->service.name != "a") std::abort();
  return 0;
}
