// Win32_Processor of root/cimv2: one instance for each socket of the host.
#include "schema/cimv2/Win32_Processor.hpp"

#include "providers/host/host_processors.hpp"

namespace vmms::providers {

namespace {

using Processor = schema::cimv2::win32::Processor;

class Win32ProcessorProvider : public schema::cimv2::win32::ProcessorProvider {
 public:
  explicit Win32ProcessorProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<Processor>& query, cim::PageOf<Processor>& page) override {
    const auto host = environment_.host.machine().information();
    for (const std::string& id : processor_ids(*host)) {
      Processor processor;
      processor.device_id = id;
      if (!query.selects(processor.key())) continue;
      if (page.full()) break;
      processor.socket_designation = id;
      processor.name = processor.caption = host->processor_model;
      processor.description = host->architecture;
      processor.system_name = host->name;
      processor.role = "CPU";
      processor.max_clock_speed = processor.current_clock_speed = host->processor_megahertz;
      processor.number_of_cores = host->cores;
      processor.number_of_enabled_core = host->cores;
      processor.number_of_logical_processors = host->cores * host->threads;
      processor.thread_count = host->cores * host->threads;
      if (host->architecture == "x86_64") processor.architecture = Processor::Architecture::x64;
      if (host->architecture == "aarch64") processor.architecture = Processor::Architecture::arm64;
      processor.address_width = processor.data_width = 64;
      processor.availability = Processor::Availability::running_full_power;
      processor.status = "OK";
      page.add(std::move(processor));
    }
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::cimv2::win32::ProcessorProvider> make_provider(Environment& environment) {
  return std::make_unique<Win32ProcessorProvider>(environment);
}

}  // namespace vmms::providers
