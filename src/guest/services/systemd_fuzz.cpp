// What a guest prints, as the scripts' output and as names: no input may crash, hang or give a name that is none.
#include "guest/services/systemd.hpp"
#include "guest/services/unit_name.hpp"

#include <cstdint>
#include <cstdlib>
#include <memory>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vmms::guest;
  static const std::unique_ptr<ServiceManager> systemd = make_systemd(252);
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::size_t half = size / 2;
  const Output output{0, std::nullopt, text, text.substr(half)};

  systemd->read_state("a.service", output);
  systemd->read_outcome("a.service", output);
  const auto check = [](const auto& list) {
    if (!list) return;
    for (const auto& [name, service] : (*list)->services)
      if (!is_service_unit_name(name) || service.name != name) std::abort();
    for (const auto& [name, loaded] : (*list)->loaded)
      if ((*list)->services.count(name) == 0) std::abort();
  };
  check(systemd->read_list(output, nullptr));
  const auto known = systemd->read_list(Output{0, std::nullopt, text.substr(0, half), {}}, nullptr);
  if (known) check(systemd->read_list(Output{0, std::nullopt, text.substr(half), {}}, known->get()));
  if (const auto name = service_unit_name(text); name && !is_service_unit_name(*name)) std::abort();
  return 0;
}
