#include "hypervisor/this_machine.hpp"

#include "base/mounts.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>

namespace vmms::hypervisor::this_machine {

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string first_line(const std::string& path) {
  std::string text;
  std::getline(std::ifstream(path), text);
  return text;
}

std::vector<std::string> words_of(std::string_view line) {
  std::istringstream text{std::string(line)};
  return {std::istream_iterator<std::string>(text), {}};
}

template <class Visit>
void for_each_line(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool has_option(std::string_view options, std::string_view option) {
  return options == option || options.starts_with(fmt::format("{},", option));
}

// An IPv4 address as /proc/net/route writes it: the number in the machine's own order.
std::string address_of_route(std::string_view hexadecimal) {
  std::uint32_t number = 0;
  std::from_chars(hexadecimal.data(), hexadecimal.data() + hexadecimal.size(), number, 16);
  std::array<char, INET_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET, &number, text.data(), text.size()) == nullptr ? "" : text.data();
}

std::string address_of_route_6(std::string_view hexadecimal) {
  std::array<unsigned char, 16> bytes{};
  for (std::size_t i = 0; i < bytes.size() && 2 * i + 2 <= hexadecimal.size(); ++i)
    std::from_chars(hexadecimal.data() + 2 * i, hexadecimal.data() + 2 * i + 2, bytes[i], 16);
  std::array<char, INET6_ADDRSTRLEN> text{};
  return inet_ntop(AF_INET6, bytes.data(), text.data(), text.size()) == nullptr ? "" : text.data();
}

void add_gateways(std::vector<NetworkInterface>& interfaces) {
  const auto add = [&](const std::string& interface, std::string gateway) {
    for (NetworkInterface& each : interfaces)
      if (each.name == interface) each.gateways.push_back(std::move(gateway));
  };
  for_each_line(read_file("/proc/net/route"), [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() > 2 && words[1] == "00000000" && words[2] != "00000000") add(words[0], address_of_route(words[2]));
  });
  for_each_line(read_file("/proc/net/ipv6_route"), [&](std::string_view line) {
    const auto words = words_of(line);
    const std::string none(32, '0');
    if (words.size() > 9 && words[0] == none && words[1] == "00" && words[4] != none)
      add(words[9], address_of_route_6(words[4]));
  });
}

NetworkInterface::Address address_of(const sockaddr* address, const sockaddr* mask) {
  NetworkInterface::Address found;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET) {
    const auto* const internet = reinterpret_cast<const sockaddr_in*>(address);
    if (inet_ntop(AF_INET, &internet->sin_addr, text.data(), text.size()) != nullptr) found.text = text.data();
    const auto* const subnet = reinterpret_cast<const sockaddr_in*>(mask);
    if (subnet != nullptr && inet_ntop(AF_INET, &subnet->sin_addr, text.data(), text.size()) != nullptr)
      found.subnet = text.data();
  } else {
    const auto* const internet = reinterpret_cast<const sockaddr_in6*>(address);
    if (inet_ntop(AF_INET6, &internet->sin6_addr, text.data(), text.size()) != nullptr) found.text = text.data();
    int bits = 0;
    if (mask != nullptr)
      for (const std::uint8_t byte : reinterpret_cast<const sockaddr_in6*>(mask)->sin6_addr.s6_addr)
        bits += std::popcount(byte);
    found.subnet = std::to_string(bits);
  }
  return found;
}

}  // namespace

std::vector<Volume> read_mounts(std::string_view mountinfo) {
  std::vector<std::pair<std::string, Volume>> found;  // with the device's number
  for (Mount& mount : read_mountinfo(mountinfo)) {
    Volume volume;
    volume.mount_point = std::move(mount.mount_point);
    volume.type = std::move(mount.type);
    volume.source = std::move(mount.source);
    volume.read_only = has_option(mount.options, "ro");
    const bool on_device = volume.source.starts_with("/dev/") || volume.type == "zfs";
    if (!on_device && volume.mount_point != "/") continue;
    // Of what is mounted on the same place the last is seen; of a device, whose mounts may be many, the shortest place.
    std::erase_if(found, [&](const auto& each) { return each.second.mount_point == volume.mount_point; });
    const auto same =
        std::find_if(found.begin(), found.end(), [&](const auto& each) { return each.first == mount.device; });
    if (same == found.end())
      found.emplace_back(std::move(mount.device), std::move(volume));
    else if (volume.mount_point.size() < same->second.mount_point.size())
      same->second = std::move(volume);
  }
  std::vector<Volume> volumes;
  for (auto& [device, volume] : found) volumes.push_back(std::move(volume));
  std::sort(volumes.begin(), volumes.end(),
            [](const Volume& left, const Volume& right) { return left.mount_point < right.mount_point; });
  return volumes;
}

std::vector<Volume> volumes() {
  std::vector<Volume> found = read_mounts(read_file("/proc/self/mountinfo"));
  for (Volume& volume : found) {
    struct statvfs status {};
    if (statvfs(volume.mount_point.c_str(), &status) != 0) continue;
    volume.block_size = status.f_frsize;
    volume.size = status.f_blocks * status.f_frsize;
    volume.free = status.f_bavail * status.f_frsize;
    volume.longest_name = status.f_namemax;
  }
  return found;
}

std::vector<NetworkInterface> network_interfaces() {
  std::vector<NetworkInterface> interfaces;
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/net", failed)) {
    NetworkInterface interface;
    interface.name = entry.path().filename().string();
    const std::string path = entry.path().string();
    interface.index = if_nametoindex(interface.name.c_str());
    if (interface.index == 0 || interface.name == "lo") continue;
    interface.hardware_address = first_line(path + "/address");
    if (interface.hardware_address.find_first_not_of("0:") == std::string::npos) interface.hardware_address.clear();
    const std::string mtu = first_line(path + "/mtu");
    std::from_chars(mtu.data(), mtu.data() + mtu.size(), interface.mtu);
    std::error_code no_driver;
    interface.driver = std::filesystem::read_symlink(path + "/device/driver", no_driver).filename().string();
    interfaces.push_back(std::move(interface));
  }
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) == 0) {
    const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> owned(list, freeifaddrs);
    for (const int family : {AF_INET, AF_INET6})
      for (const ifaddrs* at = list; at != nullptr; at = at->ifa_next) {
        if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != family) continue;
        for (NetworkInterface& each : interfaces)
          if (each.name == at->ifa_name) each.addresses.push_back(address_of(at->ifa_addr, at->ifa_netmask));
      }
  }
  add_gateways(interfaces);
  std::sort(interfaces.begin(), interfaces.end(),
            [](const NetworkInterface& left, const NetworkInterface& right) { return left.index < right.index; });
  return interfaces;
}

std::vector<std::string> read_name_servers(std::string_view resolv_conf) {
  std::vector<std::string> servers;
  for_each_line(resolv_conf, [&](std::string_view line) {
    const auto words = words_of(line);
    if (words.size() > 1 && words[0] == "nameserver") servers.push_back(words[1]);
  });
  return servers;
}

std::vector<std::string> name_servers() { return read_name_servers(read_file("/etc/resolv.conf")); }

std::string firmware_text(std::string_view name) { return first_line(fmt::format("/sys/class/dmi/id/{}", name)); }

}  // namespace vmms::hypervisor::this_machine
