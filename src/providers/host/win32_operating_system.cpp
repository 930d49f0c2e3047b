// Win32_OperatingSystem of root/cimv2: what runs on the host, with its free memory. Nothing claims to be Windows.
#include "providers/common/environment.hpp"
#include "schema/cimv2/Win32_OperatingSystem.hpp"

namespace vmms::providers {

namespace {

using OperatingSystem = schema::cimv2::win32::OperatingSystem;

// The third number of a version.
std::string build_number(const std::string& version) {
  const auto first = version.find('.');
  const auto second = first == std::string::npos ? first : version.find('.', first + 1);
  if (second == std::string::npos) return "0";
  return version.substr(second + 1, version.find('.', second + 1) - second - 1);
}

class Win32OperatingSystemProvider : public schema::cimv2::win32::OperatingSystemProvider {
 public:
  explicit Win32OperatingSystemProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<OperatingSystem>& query,
                 cim::PageOf<OperatingSystem>& page) override {
    const auto host = environment_.host.machine().information();
    OperatingSystem system;
    system.name = system.caption = host->operating_system;
    if (!query.selects(system.key())) return;
    system.cs_name = host->name;
    system.version = host->operating_system_version;
    system.build_number = build_number(host->operating_system_version);
    system.os_type = OperatingSystem::OSType::linux_;
    system.os_architecture = host->architecture;
    system.total_visible_memory_size = host->memory_bytes / 1024;
    if (query.wants(OperatingSystem::Property::free_physical_memory))
      if (const auto free = environment_.host.machine().free_memory_bytes()) system.free_physical_memory = *free / 1024;
    if (host->booted) system.last_boot_up_time = cim::DateTime::timestamp(*host->booted);
    system.local_date_time = cim::DateTime::now();
    system.distributed = false;
    system.primary = true;
    system.status = "OK";
    page.add(std::move(system));
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::cimv2::win32::OperatingSystemProvider> make_provider(Environment& environment) {
  return std::make_unique<Win32OperatingSystemProvider>(environment);
}

}  // namespace vmms::providers
