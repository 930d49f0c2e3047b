#include "hypervisor/libvirt/machine.hpp"

#include "base/text.hpp"
#include "hypervisor/libvirt/core.hpp"
#include "hypervisor/libvirt/library.hpp"
#include "hypervisor/libvirt/uri.hpp"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/string_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <fmt/format.h>
#include <pugixml.hpp>
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

namespace vmms::hypervisor::libvirt {

namespace {

std::string read_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string first_line(const char* path) {
  std::string text = read_file(path);
  text.resize(std::min(text.size(), text.find('\n')));
  return text;
}

// Placeholders of a firmware's description that was not filled in.
void set(std::string& target, std::string text) {
  for (const std::string_view nothing : {"Not Specified", "To Be Filled By O.E.M.", "None", "Default string"})
    if (equals_no_case(text, nothing)) return;
  if (target.empty()) target = std::move(text);
}

// Firmware that has none says so with a UUID of one digit.
bool is_usable(std::string_view uuid) {
  return is_guid(uuid) && uuid.find_first_not_of(std::string{uuid[0], '-'}) != std::string_view::npos;
}

bool is_uuid_configured() {
  for (const char* daemon : {"libvirtd", "virtqemud"}) {
    std::ifstream file(fmt::format("/etc/libvirt/{}.conf", daemon));
    for (std::string line; std::getline(file, line);)
      if (line.starts_with("host_uuid")) return true;
  }
  return false;
}

void read_capabilities(virConnectPtr connection, HostInformation& information) {
  const TextHandle text(virConnectGetCapabilities(connection));
  pugi::xml_document document;
  if (!text || !document.load_string(text.get())) return;
  const pugi::xml_node host = document.child("capabilities").child("host");
  information.uuid = host.child("uuid").text().get();
  set(information.processor_model, host.child("cpu").child("model").text().get());
  set(information.architecture, host.child("cpu").child("arch").text().get());
}

void read_sysinfo(virConnectPtr connection, HostInformation& information) {
  const TextHandle text(virConnectGetSysinfo(connection, 0));
  pugi::xml_document document;
  if (!text || !document.load_string(text.get())) return;
  const pugi::xml_node sysinfo = document.child("sysinfo");
  const auto entry = [&](const char* section, const char* name) {
    return std::string(sysinfo.child(section).find_child_by_attribute("entry", "name", name).text().get());
  };
  set(information.manufacturer, entry("system", "manufacturer"));
  set(information.model, entry("system", "product"));
  set(information.serial_number, entry("system", "serial"));
  set(information.machine_version, entry("system", "version"));
  set(information.processor_model, entry("processor", "version"));
}

void read_this_machine(HostInformation& information) {
  static constexpr std::pair<const char*, std::string HostInformation::*> files[] = {
      {"/sys/class/dmi/id/sys_vendor", &HostInformation::manufacturer},
      {"/sys/class/dmi/id/product_name", &HostInformation::model},
      {"/sys/class/dmi/id/product_serial", &HostInformation::serial_number},
      {"/sys/class/dmi/id/product_version", &HostInformation::machine_version},
  };
  for (const auto& [path, member] : files) set(information.*member, first_line(path));
  // The kernel's text says more than the name of libvirt's model.
  const std::string processors = read_file("/proc/cpuinfo");
  constexpr std::string_view model = "model name\t: ";
  if (const auto at = processors.find(model); at != std::string::npos) {
    const auto begin = at + model.size();
    information.processor_model = processors.substr(begin, processors.find('\n', begin) - begin);
  }
  set(information.operating_system, operating_system_name(read_file("/etc/os-release")));
  // libvirt adds up what NUMA nodes report, which need not be all.
  const auto pages = sysconf(_SC_PHYS_PAGES);
  const auto page_size = sysconf(_SC_PAGESIZE);
  if (pages > 0 && page_size > 0)
    information.memory_bytes = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_size);
  utsname name{};
  if (uname(&name) == 0) {
    set(information.operating_system, name.sysname);
    set(information.operating_system_version, numeric_version(name.release));
    set(information.architecture, name.machine);
  }
  const std::string statistics = read_file("/proc/stat");
  if (const auto at = statistics.find("btime "); at != std::string::npos)
    information.booted = SystemTime(std::chrono::seconds(std::strtoll(statistics.c_str() + at + 6, nullptr, 10)));
}

}  // namespace

HostInformationPtr LibvirtHostMachine::information() const { return core_.information(); }

std::optional<std::uint64_t> LibvirtHostMachine::free_memory_bytes() const {
  const auto connection = core_.connection();
  const auto bytes = connection ? virNodeGetFreeMemory(connection->get()) : 0;
  return bytes == 0 ? std::nullopt : std::optional<std::uint64_t>(bytes);
}

Status LibvirtHostMachine::health() const { return core_.health(); }

std::string operating_system_name(std::string_view os_release) {
  while (!os_release.empty()) {
    std::string_view line = os_release.substr(0, os_release.find('\n'));
    os_release.remove_prefix(std::min(os_release.size(), line.size() + 1));
    constexpr std::string_view key = "PRETTY_NAME=";
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    if (line.size() >= 2 && (line.front() == '"' || line.front() == '\'') && line.back() == line.front())
      line = line.substr(1, line.size() - 2);
    return std::string(line);
  }
  return {};
}

std::string numeric_version(std::string_view release) {
  const auto end = std::min(release.find_first_not_of("0123456789."), release.size());
  release = release.substr(0, end);
  while (release.ends_with('.')) release.remove_suffix(1);
  return std::string(release);
}

std::string lasting_uuid(const KnownUuids& known) {
  const bool from_firmware = is_usable(known.firmware);
  if (is_usable(known.libvirt) && (!known.local || known.configured || from_firmware)) return to_upper(known.libvirt);
  if (from_firmware) return to_upper(known.firmware);
  if (known.local || !is_guid(known.identity)) return to_upper(known.identity);
  // Other hosts, and those that exist in memory only, are not this machine.
  const auto machine = boost::uuids::string_generator()(known.identity);
  return to_upper(boost::uuids::to_string(boost::uuids::name_generator_sha1(machine)(known.uri)));
}

void describe_machine(virConnectPtr connection, const std::string& uri, const std::string& identity,
                      HostInformation& information) {
  const bool local = !local_files(uri).state.empty();
  virNodeInfo node{};
  if (virNodeGetInfo(connection, &node) == 0) {
    information.processor_megahertz = node.mhz;
    // libvirt counts sockets of a NUMA node.
    information.sockets = std::max(node.sockets * std::max(node.nodes, 1U), 1U);
    information.cores = std::max(node.cores, 1U);
    information.threads = std::max(node.threads, 1U);
    information.architecture = node.model;
  }
  read_capabilities(connection, information);
  information.uuid = lasting_uuid({information.uuid, local ? first_line("/sys/class/dmi/id/product_uuid") : "",
                                   local && !in_process(uri) && is_uuid_configured(), local, identity, uri});
  information.this_machine = local;
  if (local) read_this_machine(information);
  if (local) information.vsock = std::filesystem::exists("/dev/vhost-vsock");
  read_sysinfo(connection, information);
}

}  // namespace vmms::hypervisor::libvirt
