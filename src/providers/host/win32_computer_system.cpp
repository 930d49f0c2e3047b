// Win32_ComputerSystem of root/cimv2: the host, as inventories ask for it.
#include "providers/common/environment.hpp"
#include "schema/cimv2/Win32_ComputerSystem.hpp"

namespace vmms::providers {

namespace {

using ComputerSystem = schema::cimv2::win32::ComputerSystem;

class Win32ComputerSystemProvider : public schema::cimv2::win32::ComputerSystemProvider {
 public:
  explicit Win32ComputerSystemProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<ComputerSystem>& query,
                 cim::PageOf<ComputerSystem>& page) override {
    const auto host = environment_.host.machine().information();
    ComputerSystem system;
    system.name = system.caption = system.dns_host_name = host->name;
    system.description = "Computer System";
    system.manufacturer = host->manufacturer;
    system.model = host->model;
    system.number_of_processors = host->sockets;
    system.number_of_logical_processors = host->processors;
    system.total_physical_memory = host->memory_bytes;
    system.hypervisor_present = true;
    system.part_of_domain = false;
    system.domain = system.workgroup = "WORKGROUP";
    if (host->architecture == "x86_64") system.system_type = "x64-based PC";
    system.status = "OK";
    if (query.selects(system.key())) page.add(std::move(system));
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::cimv2::win32::ComputerSystemProvider> make_provider(Environment& environment) {
  return std::make_unique<Win32ComputerSystemProvider>(environment);
}

}  // namespace vmms::providers
