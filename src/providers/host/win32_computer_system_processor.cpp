// Win32_ComputerSystemProcessor of root/cimv2: the host and its processors.
#include "base/case_folding.hpp"
#include "base/text.hpp"
#include "providers/host/host_processors.hpp"
#include "schema/cimv2/Win32_ComputerSystemProcessor.hpp"

namespace vmms::providers {

namespace {

using SystemProcessor = schema::cimv2::win32::ComputerSystemProcessor;
using Found = std::vector<SystemProcessor>;

class Win32ComputerSystemProcessorProvider : public schema::cimv2::win32::ComputerSystemProcessorProvider {
 public:
  explicit Win32ComputerSystemProcessorProvider(Environment& environment) : environment_(environment) {}

  Result<Found> from(const cim::Context&, SystemProcessor::GroupComponent, const cim::ObjectPath& end) override {
    const auto host = environment_.host.machine().information();
    Found found;
    if (!equals_folded(end.value("Name"), host->name)) return found;
    for (const std::string& id : processor_ids(*host)) found.push_back(association(*host, id));
    return found;
  }

  Result<Found> from(const cim::Context&, SystemProcessor::PartComponent, const cim::ObjectPath& end) override {
    const auto host = environment_.host.machine().information();
    for (const std::string& id : processor_ids(*host))
      if (equals_no_case(end.value("DeviceID"), id)) return Found{association(*host, id)};
    return Found{};
  }

 private:
  static SystemProcessor association(const hypervisor::HostInformation& host, const std::string& id) {
    SystemProcessor result;
    result.group_component.emplace().class_name = "Win32_ComputerSystem";
    result.group_component->keys = {{"Name", host.name, {}}};
    result.part_component.emplace().class_name = "Win32_Processor";
    result.part_component->keys = {{"DeviceID", id, {}}};
    return result;
  }

  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::cimv2::win32::ComputerSystemProcessorProvider> make_provider(Environment& environment) {
  return std::make_unique<Win32ComputerSystemProcessorProvider>(environment);
}

}  // namespace vmms::providers
