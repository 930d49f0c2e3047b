#include "hypervisor/libvirt/record.hpp"

#include "hypervisor/libvirt/domain_xml.hpp"
#include "hypervisor/vm_index.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cstdint>
#include <fstream>

namespace vmms::hypervisor::libvirt {

namespace {

std::optional<SystemTime> modified(const std::filesystem::path& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) return std::nullopt;
  return SystemTime(std::chrono::seconds(status.st_mtim.tv_sec) +
                    std::chrono::microseconds(status.st_mtim.tv_nsec / 1000));
}

PowerState power_of(virDomainPtr domain, int state, int reason) {
  switch (state) {
    case VIR_DOMAIN_PAUSED:
      return reason == VIR_DOMAIN_PAUSED_STARTING_UP ? PowerState::starting : PowerState::paused;
    case VIR_DOMAIN_PMSUSPENDED:
      return PowerState::paused;
    case VIR_DOMAIN_SHUTDOWN:
      return PowerState::stopping;
    case VIR_DOMAIN_SHUTOFF:
      return virDomainHasManagedSaveImage(domain, 0) == 1 ? PowerState::saved : PowerState::off;
    case VIR_DOMAIN_CRASHED:  // either kept for a look at its memory, or off
      return virDomainIsActive(domain) == 1 ? PowerState::paused : PowerState::off;
    default:
      return PowerState::running;
  }
}

Result<DomainXml> read_xml(virDomainPtr domain, unsigned flags, const std::string& id) {
  const TextHandle text(virDomainGetXMLDesc(domain, flags));
  if (!text) return last_error_of(fmt::format("the definition of VM {} cannot be read", id));
  return parse_domain(text.get());
}

}  // namespace

std::string id_of(virDomainPtr domain) {
  std::array<char, VIR_UUID_STRING_BUFLEN> text{};
  return virDomainGetUUIDString(domain, text.data()) == 0 ? upper_id(text.data()) : std::string();
}

Result<DomainHandle> look_up(virConnectPtr connection, const std::string& id) {
  DomainHandle domain(virDomainLookupByUUIDString(connection, id.c_str()));
  if (domain) return domain;
  const LastError last = last_error();
  if (last.code == VIR_ERR_NO_DOMAIN) {
    return error(Failure::not_found, fmt::format("there is no VM {}: libvirt no longer knows it", id));
  }
  return error_of(last, fmt::format("VM {} cannot be looked up", id));
}

std::string describe(const VirtualMachine& vm) { return fmt::format("VM {} ({})", vm.name, vm.id); }

Result<DomainReading> read_domain(virDomainPtr domain, const LocalFiles& files) {
  DomainReading result;
  VirtualMachine& vm = result.record;
  vm.id = id_of(domain);
  int state = 0;
  int reason = 0;
  if (virDomainGetState(domain, &state, &reason, 0) < 0) {
    return last_error_of(fmt::format("the state of VM {} cannot be read", vm.id));
  }
  vm.power = power_of(domain, state, reason);
  result.active = vm.power != PowerState::off && vm.power != PowerState::saved;
  vm.persistent = virDomainIsPersistent(domain) != 0;

  // For a transient domain libvirt makes the configuration from the live definition.
  auto configuration = read_xml(domain, VIR_DOMAIN_XML_INACTIVE, vm.id);
  if (!configuration) return configuration.error();
  result.settings_element = configuration->settings_element;
  vm.name = std::move(configuration->name);
  vm.description = std::move(configuration->description);
  vm.settings = configuration->settings;
  DomainXml present = *std::move(configuration);
  if (result.active) {
    auto live = read_xml(domain, 0, vm.id);
    if (!live) return live.error();
    present = *std::move(live);
    result.live_settings_element = std::move(present.settings_element);
    vm.agent_connected = present.agent_connected;
    result.port_aliases = std::move(present.port_aliases);
    vm.vsock_context = present.vsock_context;
  }
  vm.processors = present.processors;
  vm.memory_bytes = present.memory_bytes;
  vm.agent_channel = present.agent_channel;

  if (!files.configuration.empty() && vm.persistent) {
    vm.configuration_changed = modified(files.configuration / (vm.name + ".xml"));
  }
  // The id by which libvirt knows the run, where no file names a process.
  if (const unsigned id = result.active ? virDomainGetID(domain) : 0; id != 0 && id != static_cast<unsigned>(-1))
    vm.process_id = id;
  if (!files.state.empty() && result.active) {
    const auto process_file = files.state / (vm.name + ".pid");
    std::uint32_t process = 0;
    if (std::ifstream(process_file) >> process && process != 0) {
      vm.process_id = process;
      vm.started = modified(process_file);
    }
  }
  return result;
}

}  // namespace vmms::hypervisor::libvirt
