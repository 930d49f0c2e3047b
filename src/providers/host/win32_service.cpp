// Win32_Service of root/cimv2: the services of the host under systemd. Clients change nothing there.
#include "schema/cimv2/Win32_Service.hpp"

#include "guest/agent/printable.hpp"
#include "hypervisor/this_machine.hpp"
#include "providers/common/environment.hpp"

#include <algorithm>
#include <chrono>

namespace vmms::providers {

namespace {

using Service = schema::cimv2::win32::Service;

using HostService = hypervisor::this_machine::Service;

constexpr std::chrono::seconds longest_patience{5};

std::string_view state_of(const HostService& service) {
  if (service.active_state == "active" || service.active_state == "reloading") return "Running";
  if (service.active_state == "activating") return "Start Pending";
  if (service.active_state == "deactivating") return "Stop Pending";
  return "Stopped";
}

std::string_view start_mode_of(const HostService& service) {
  if (service.unit_file_state.starts_with("enabled") || service.unit_file_state == "generated") return "Auto";
  return service.unit_file_state.starts_with("masked") ? "Disabled" : "Manual";
}

class Win32ServiceProvider : public schema::cimv2::win32::ServiceProvider {
 public:
  explicit Win32ServiceProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context& context, const cim::TypedQuery<Service>& query,
                 cim::PageOf<Service>& page) override {
    const auto host = environment_.host.machine().information();
    if (!host->this_machine) return;
    const auto left = context.deadline - cim::Context::Clock::now();
    const auto patience =
        std::clamp<std::chrono::nanoseconds>(left / 2, std::chrono::milliseconds(1), longest_patience);
    for (auto& service : hypervisor::this_machine::services(std::chrono::ceil<std::chrono::milliseconds>(patience))) {
      Service found;
      found.name = service.name;
      if (!query.selects(found.key())) continue;
      if (page.full()) break;
      found.system_name = host->name;
      found.caption = service.name.substr(0, 64);  // MaxLen
      found.display_name = found.description =
          guest::printable(service.description.empty() ? service.name : service.description, 512);
      found.state = std::string(state_of(service));
      found.start_mode = std::string(start_mode_of(service));
      found.started = *found.state == "Running";
      found.accept_stop = found.started;
      found.accept_pause = false;
      found.status = service.active_state == "failed" ? "Error" : "OK";
      found.process_id = service.main_process_id;
      page.add(std::move(found));
    }
  }

 private:
  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::cimv2::win32::ServiceProvider> make_provider(Environment& environment) {
  return std::make_unique<Win32ServiceProvider>(environment);
}

}  // namespace vmms::providers
