#include "cli/guest_file.hpp"

#include "cli/embedded.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
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

bool names_guest(const std::string& text) {
  const std::size_t colon = text.find(':');
  return colon != 0 && colon != std::string::npos && text.find('/') > colon;
}

Result<GuestPath> find_guest_path(Session& session, const std::string& text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  std::optional<Error> missing;
  for (std::size_t colon = text.rfind(':', slash); colon != std::string::npos && colon > 0;
       colon = text.rfind(':', colon - 1)) {
    if (colon + 1 == text.size()) continue;
    auto machine = session.find_virtual_machine(text.substr(0, colon));
    if (machine) return GuestPath{*std::move(machine), text.substr(colon + 1)};
    if (machine.error().kind != Failure::not_found) return machine.error();
    missing = machine.error();
  }
  if (missing) return *missing;
  return error(Failure::invalid_argument, fmt::format("'{}' names no file of a guest: write VM:PATH", text));
}

bool is_datetime(std::int64_t seconds) {
  constexpr std::int64_t first = -11644473600;  // 1601
  constexpr std::int64_t last = 253402300799;   // 9999
  return seconds >= first && seconds <= last;
}

cim::ObjectPath into_guest(const VirtualMachine& machine) {
  return file_service(machine, "Msvm_GuestFileService", "guestfilesvc");
}

cim::ObjectPath out_of_guest(const VirtualMachine& machine) {
  return file_service(machine, "Vmms_GuestFileService", "vmmsguestfilesvc");
}

std::optional<GuestFile> read_guest_file(std::string_view embedded) {
  const auto instance = read_embedded(embedded);
  if (!instance) return std::nullopt;
  const auto text = [&](const char* property) { return text_of(*instance, property); };
  const auto number = [&](const char* property) { return number_of(*instance, property); };
  std::optional<std::int64_t> modified;
  if (const auto* time = (*instance)["LastModified"].get_if<cim::DateTime>())
    modified = std::chrono::floor<std::chrono::seconds>(time->time()).time_since_epoch().count();
  return GuestFile{
      text("Name"),  static_cast<FileType>(number("FileType")), number("Size"), number("Permissions"), text("Owner"),
      text("Group"), time_text(text("LastModified")),           modified};
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
