// Win32_SystemEnclosure of root/cimv2: what the firmware reports of the enclosure of the host.
#include "hypervisor/this_machine.hpp"
#include "providers/common/environment.hpp"
#include "schema/cimv2/Win32_SystemEnclosure.hpp"

#include <charconv>

namespace vmms::providers {

namespace {

using SystemEnclosure = schema::cimv2::win32::SystemEnclosure;

std::optional<std::string> text_or_null(std::string text, const std::string& otherwise = {}) {
  if (text.empty()) text = otherwise;
  if (text.empty()) return std::nullopt;
  return text;
}

class Win32SystemEnclosureProvider : public schema::cimv2::win32::SystemEnclosureProvider {
 public:
  explicit Win32SystemEnclosureProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<SystemEnclosure>& query,
                 cim::PageOf<SystemEnclosure>& page) override {
    const auto host = environment_.host.machine().information();
    const auto told = [&](const char* name) {
      return host->this_machine ? hypervisor::this_machine::firmware_text(name) : std::string();
    };
    SystemEnclosure enclosure;
    enclosure.tag = "System Enclosure 0";
    if (!query.selects(enclosure.key())) return;
    enclosure.name = enclosure.caption = enclosure.description = "System Enclosure";
    enclosure.manufacturer = text_or_null(told("chassis_vendor"), host->manufacturer);
    enclosure.serial_number = text_or_null(told("chassis_serial"), host->serial_number);
    enclosure.version = text_or_null(told("chassis_version"));
    enclosure.smbios_asset_tag = text_or_null(told("chassis_asset_tag"));
    const std::string type = told("chassis_type");
    std::uint16_t number = unknown;
    std::from_chars(type.data(), type.data() + type.size(), number);
    enclosure.chassis_types = {{number}};
    enclosure.security_status = SystemEnclosure::SecurityStatus::unknown;
    enclosure.status = "OK";
    page.add(std::move(enclosure));
  }

 private:
  static constexpr std::uint16_t unknown = 2;

  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::cimv2::win32::SystemEnclosureProvider> make_provider(Environment& environment) {
  return std::make_unique<Win32SystemEnclosureProvider>(environment);
}

}  // namespace vmms::providers
