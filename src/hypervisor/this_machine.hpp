// The machine that this process runs on, for clients that monitor hosts: its file systems, network interfaces, services
// and enclosure, as its kernel, firmware and systemd report them now.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::hypervisor::this_machine {

/// A file system on a block device, or the root. Sizes in bytes.
struct Volume {
  std::string mount_point;
  std::string source;  ///< "/dev/sda1"
  std::string type;    ///< "ext4"
  bool read_only = false;
  std::uint64_t block_size = 0;
  std::uint64_t size = 0;
  std::uint64_t free = 0;  ///< for users other than root
  std::uint64_t longest_name = 0;
};
/// Ascending by mount point, each device once. May wait for a disk.
std::vector<Volume> volumes();

/// The mounts of a text as /proc/self/mountinfo (proc_pid_mountinfo(5)) that are volumes; their sizes stay 0.
std::vector<Volume> read_mounts(std::string_view mountinfo);

struct NetworkInterface {
  std::uint32_t index = 0;
  std::string name;
  std::string driver;
  std::string hardware_address;  ///< "52:54:00:12:34:56"; empty: it has none
  std::uint32_t mtu = 0;
  struct Address {
    std::string text;
    std::string subnet;  ///< "255.255.255.0" of IPv4, the length of the prefix of IPv6
  };
  std::vector<Address> addresses;     ///< IPv4 first
  std::vector<std::string> gateways;  ///< of its default routes
};
/// Ascending by index, without the loopback.
std::vector<NetworkInterface> network_interfaces();

/// Name servers of a text as resolv.conf(5), and those of this machine.
std::vector<std::string> read_name_servers(std::string_view resolv_conf);
std::vector<std::string> name_servers();

/// In systemd's words.
struct Service {
  std::string name;  ///< "ssh.service"
  std::string description;
  std::string active_state;
  std::string sub_state;
  std::string unit_file_state;
  std::uint32_t main_process_id = 0;  ///< 0: none
};
/// All that are loaded or have a file, ascending by name; none where there is no systemd. Waits for it, up to
/// `patience` for each of its answers.
std::vector<Service> services(std::chrono::milliseconds patience);

/// A text of the firmware's description, "chassis_vendor"; empty where there is none.
std::string firmware_text(std::string_view name);

}  // namespace vmms::hypervisor::this_machine
