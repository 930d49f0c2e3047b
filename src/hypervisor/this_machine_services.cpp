// The services of this machine, asked of its systemd.
#include "hypervisor/this_machine.hpp"

#include <systemd/sd-bus.h>

#include <algorithm>
#include <map>
#include <memory>

namespace vmms::hypervisor::this_machine {

namespace {

constexpr const char* systemd = "org.freedesktop.systemd1";
constexpr const char* manager_path = "/org/freedesktop/systemd1";
constexpr const char* manager = "org.freedesktop.systemd1.Manager";

using Bus = std::unique_ptr<sd_bus, decltype(&sd_bus_flush_close_unref)>;
using Message = std::unique_ptr<sd_bus_message, decltype(&sd_bus_message_unref)>;

// Its own socket is for root, and needs no dbus-daemon.
Bus open_bus(std::chrono::milliseconds patience) {
  for (const char* address : {"unix:path=/run/systemd/private", "unix:path=/run/dbus/system_bus_socket"}) {
    sd_bus* opened = nullptr;
    if (sd_bus_new(&opened) < 0) break;
    Bus bus(opened, sd_bus_flush_close_unref);
    const bool direct = std::string_view(address).ends_with("private");
    if (sd_bus_set_address(opened, address) >= 0 && (direct || sd_bus_set_bus_client(opened, 1) >= 0) &&
        sd_bus_set_method_call_timeout(opened,
                                       static_cast<std::uint64_t>(std::chrono::microseconds(patience).count())) >= 0 &&
        sd_bus_start(opened) >= 0)
      return bus;
  }
  return {nullptr, sd_bus_flush_close_unref};
}

Message call(sd_bus* bus, const char* method) {
  sd_bus_message* answer = nullptr;
  if (sd_bus_call_method(bus, systemd, manager_path, manager, method, nullptr, &answer, nullptr) < 0) answer = nullptr;
  return {answer, sd_bus_message_unref};
}

bool is_service(std::string_view name) {
  return name.ends_with(".service") && name.find("@.service") == std::string_view::npos;
}

void add_loaded(sd_bus* bus, std::map<std::string, Service>& found) {
  const Message answer = call(bus, "ListUnits");
  if (!answer || sd_bus_message_enter_container(answer.get(), 'a', "(ssssssouso)") < 0) return;
  const char *name = nullptr, *description = nullptr, *load = nullptr, *active = nullptr, *sub = nullptr;
  const char *following = nullptr, *path = nullptr, *job_type = nullptr, *job_path = nullptr;
  std::uint32_t job = 0;
  while (sd_bus_message_read(answer.get(), "(ssssssouso)", &name, &description, &load, &active, &sub, &following, &path,
                             &job, &job_type, &job_path) > 0) {
    if (!is_service(name) || std::string_view(load) == "not-found") continue;
    Service& service = found[name];
    service.description = description;
    service.active_state = active;
    service.sub_state = sub;
    if (service.active_state != "inactive" && service.active_state != "failed")
      sd_bus_get_property_trivial(bus, systemd, path, "org.freedesktop.systemd1.Service", "MainPID", nullptr, 'u',
                                  &service.main_process_id);
  }
}

void add_files(sd_bus* bus, std::map<std::string, Service>& found) {
  const Message answer = call(bus, "ListUnitFiles");
  if (!answer || sd_bus_message_enter_container(answer.get(), 'a', "(ss)") < 0) return;
  const char *path = nullptr, *state = nullptr;
  while (sd_bus_message_read(answer.get(), "(ss)", &path, &state) > 0) {
    const std::string_view file(path);
    const std::string name(file.substr(file.rfind('/') + 1));
    if (is_service(name) && std::string_view(state) != "alias") found[name].unit_file_state = state;
  }
}

}  // namespace

std::vector<Service> services(std::chrono::milliseconds patience) {
  std::vector<Service> services;
  const Bus bus = open_bus(patience);
  if (!bus) return services;
  std::map<std::string, Service> found;
  add_loaded(bus.get(), found);
  add_files(bus.get(), found);
  for (auto& [name, service] : found) {
    service.name = name;
    if (service.active_state.empty()) {
      service.active_state = "inactive";
      service.sub_state = "dead";
    }
    services.push_back(std::move(service));
  }
  return services;
}

}  // namespace vmms::hypervisor::this_machine
