#include "hypervisor/libvirt/embedded_root.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <system_error>

namespace vmms::hypervisor::libvirt {

namespace {

constexpr std::string_view for_everyone =
    "# Written by vmmsd for libvirt's embedded QEMU driver. Yours to change: an existing file is never written again.\n"
    "# virtlogd does not run here.\n"
    "stdio_handler = \"file\"\n";

// Without these the driver gives kernel, initrd and disks to another user and leaves attributes on them that keep the
// next start from working. A mount namespace for each guest fails where / is no mount point: in chroots, and in some
// containers.
constexpr std::string_view for_root =
    "user = \"root\"\n"
    "group = \"root\"\n"
    "dynamic_ownership = 0\n"
    "remember_owner = 0\n"
    "security_driver = \"none\"\n"
    "namespaces = [ ]\n";

Status write_new_file(const std::filesystem::path& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno == EEXIST) return {};
  const auto failed = [&] {
    return error(Failure::failed, fmt::format("{} cannot be written: {}", path.string(), std::strerror(errno)));
  };
  if (file < 0) return failed();
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const auto result = written ? Status() : Status(failed());
  close(file);
  if (!written) unlink(path.c_str());
  return result;
}

/// The longest path libvirt makes for a domain with one agent channel: domain-ID-NAME with at most 20 characters of the
/// name, here with an ID of two digits.
std::size_t longest_socket(const std::filesystem::path& root, std::size_t name_length) {
  constexpr std::string_view pattern = "/lib/qemu/channel/target/domain-99-/org.qemu.guest_agent.0";
  return root.string().size() + pattern.size() + std::min<std::size_t>(name_length, 20);
}

// libvirt loads its drivers from a folder beside the library. True where that is not known.
bool has_qemu_driver() {
  Dl_info library{};
  if (dladdr(reinterpret_cast<void*>(&virConnectOpen), &library) == 0 || library.dli_fname == nullptr) return true;
  const auto folder = std::filesystem::path(library.dli_fname).parent_path() / "libvirt/connection-driver";
  std::error_code failed;
  return std::filesystem::exists(folder / "libvirt_driver_qemu.so", failed) || std::getenv("LIBVIRT_DRIVER_DIR");
}

}  // namespace

Status check_socket_paths(const std::filesystem::path& root, std::string_view domain_name) {
  constexpr std::size_t room = sizeof(sockaddr_un::sun_path) - 1;
  const std::size_t needed = longest_socket(root, domain_name.size());
  if (needed <= room) return {};
  return error(
      Failure::invalid_argument,
      fmt::format("the path {} is {} characters too long for the unix sockets of VM {} (the kernel allows {}): "
                  "choose a shorter directory for the embedded driver",
                  root.string(), needed - room, domain_name, room));
}

Status prepare_embedded_root(const std::filesystem::path& root) {
  if (auto fits = check_socket_paths(root, "x"); !fits) return fits;
  std::error_code failed;
  std::filesystem::create_directories(root / "etc", failed);
  if (failed) {
    return error(Failure::failed,
                 fmt::format("the embedded driver's directory {} cannot be made: {}", root.string(), failed.message()));
  }
  std::string text(for_everyone);
  if (geteuid() == 0) text += for_root;
  return write_new_file(root / "etc/qemu.conf", text);
}

// Debian's, and others'.
bool has_accounts_of_guests() {
  return (getpwnam("libvirt-qemu") != nullptr && getgrnam("libvirt-qemu") != nullptr && getgrnam("kvm") != nullptr) ||
         (getpwnam("qemu") != nullptr && getgrnam("qemu") != nullptr);
}

std::string explain_open_failure(const std::filesystem::path& root, const LastError& refused, bool accounts_are_there) {
  if (refused.text.find("driver.pid") != std::string::npos) {
    std::string holder;
    std::getline(std::ifstream(root / "run/qemu/driver.pid"), holder);
    return fmt::format(
        "{} is in use by another process{}: one process at a time may run the embedded driver in a "
        "directory. Stop it (or wait until it has ended), or choose another directory",
        root.string(), holder.empty() ? "" : fmt::format(" ({})", holder));
  }
  if (refused.code == VIR_ERR_INVALID_ARG && !accounts_are_there) {
    return "libvirt's QEMU driver, started as root, wants its user and group to exist even when it does not use them. "
           "On Debian: groupadd --system kvm; groupadd --system --gid 64055 libvirt-qemu; useradd --system --uid 64055 "
           "--gid libvirt-qemu --no-create-home --shell /usr/sbin/nologin libvirt-qemu";
  }
  if (!has_qemu_driver()) return "is the package libvirt-daemon-driver-qemu installed?";
  return {};
}

}  // namespace vmms::hypervisor::libvirt
