#include "cli/guest_file.hpp"

#include "cli/schema.hpp"
#include "wire/cimxml/embedded_instance.hpp"

#include <fmt/format.h>

#include <iterator>

namespace vmms::cli {

namespace {

cim::ObjectPath file_service(const VirtualMachine& machine, std::string_view class_name, std::string_view name) {
  cim::ObjectPath path;
  path.namespace_name = wsman::default_namespace;
  path.class_name = class_name;
  path.keys = {{"SystemCreationClassName", "Msvm_ComputerSystem"},
               {"SystemName", machine.id},
               {"CreationClassName", std::string(class_name)},
               {"Name", std::string(name)}};
  return path;
}

// "20261122231500.000000+000" for people.
std::string time_text(const std::string& datetime) {
  if (datetime.size() < 14) return {};
  const std::string_view text = datetime;
  return fmt::format("{}-{}-{} {}:{}:{}", text.substr(0, 4), text.substr(4, 2), text.substr(6, 2), text.substr(8, 2),
                     text.substr(10, 2), text.substr(12, 2));
}

}  // namespace

std::optional<GuestPath> guest_path(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string::npos || text.find('/') < colon) return std::nullopt;
  return GuestPath{text.substr(0, colon), text.substr(colon + 1)};
}

Result<GuestPath> needed_guest_path(const std::string& text) {
  auto path = guest_path(text);
  if (!path || path->path.empty())
    return error(Failure::invalid_argument, fmt::format("'{}' names no file of a guest: write VM:PATH", text));
  return *std::move(path);
}

cim::ObjectPath into_guest(const VirtualMachine& machine) {
  return file_service(machine, "Msvm_GuestFileService", "guestfilesvc");
}

cim::ObjectPath out_of_guest(const VirtualMachine& machine) {
  return file_service(machine, "Vmms_GuestFileService", "vmmsguestfilesvc");
}

std::optional<GuestFile> read_guest_file(std::string_view embedded) {
  const auto instance = wire::cimxml::read_embedded_instance(embedded, *known_schemas().front());
  if (!instance) return std::nullopt;
  const auto text = [&](const char* property) { return to_text((*instance)[property]); };
  const auto number = [&](const char* property) {
    const std::uint64_t* value = (*instance)[property].get_if<std::uint64_t>();
    return value ? *value : 0;
  };
  return GuestFile{text("Name"),
                   number("FileType"),
                   number("Size"),
                   number("Permissions"),
                   text("Owner"),
                   text("Group"),
                   time_text(text("LastModified"))};
}

std::string size_text(double bytes) {
  const char* const units[] = {"B", "KB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < std::size(units)) {
    bytes /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} {}", bytes, units[unit]) : fmt::format("{:.1f} {}", bytes, units[unit]);
}

}  // namespace vmms::cli
