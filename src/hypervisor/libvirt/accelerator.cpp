#include "hypervisor/libvirt/accelerator.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace vmms::hypervisor::libvirt {

namespace {

constexpr std::uint8_t boot_sign = 0x2a;
/// isa-debug-exit makes QEMU exit with this status when the guest writes boot_sign.
constexpr int exit_status = (boot_sign << 1) | 1;

/// An open file with a boot sector that writes boot_sign to I/O port 0xf4.
int open_boot_sector() {
  const int file = memfd_create("vmms-trial-boot", 0);
  std::array<std::uint8_t, 512> sector{
      0xfa,                   // cli
      0xb0, boot_sign,        // mov al, boot_sign
      0xe6, 0xf4,             // out 0xf4, al
      0xf4, 0xeb,      0xfd,  // hlt, for ever
  };
  sector[510] = 0x55;
  sector[511] = 0xaa;
  if (file >= 0 && write(file, sector.data(), sector.size()) != static_cast<ssize_t>(sector.size())) {
    close(file);
    return -1;
  }
  return file;
}

pid_t spawn_quietly(const std::vector<std::string>& arguments) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  const int failed = posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed == 0 ? child : -1;
}

Accelerator decide() {
  if (!kvm_is_plausible()) {
    spdlog::info("no hardware virtualization here: guests run on QEMU's TCG");
    return Accelerator::tcg;
  }
  if (!trial_boot("kvm", std::chrono::seconds(5))) {
    spdlog::warn("/dev/kvm is there, but a trial boot under KVM did not succeed: guests run on QEMU's TCG");
    return Accelerator::tcg;
  }
  return Accelerator::kvm;
}

}  // namespace

const char* domain_type(Accelerator accelerator) { return accelerator == Accelerator::kvm ? "kvm" : "qemu"; }

bool kvm_is_plausible() {
  if (access("/dev/kvm", R_OK | W_OK) != 0) return false;
  std::error_code ignored;
  if (std::filesystem::exists("/sys/module/kvm_intel", ignored) ||
      std::filesystem::exists("/sys/module/kvm_amd", ignored)) {
    return true;
  }
  std::ifstream processors("/proc/cpuinfo");
  for (std::string line; std::getline(processors, line);) {
    if (!line.starts_with("flags")) continue;
    line += ' ';
    return line.find(" vmx ") != std::string::npos || line.find(" svm ") != std::string::npos;
  }
  return false;
}

bool trial_boot(const std::string& accelerator, std::chrono::milliseconds at_most) {
  const int sector = open_boot_sector();
  if (sector < 0) return false;
  const pid_t child = spawn_quietly({"qemu-system-x86_64", "-accel", accelerator, "-machine", "pc", "-cpu", "max", "-m",
                                     "16", "-nodefaults", "-no-user-config", "-display", "none", "-drive",
                                     fmt::format("file=/proc/self/fd/{},format=raw,if=ide,file.locking=off", sector),
                                     "-device", "isa-debug-exit,iobase=0xf4,iosize=1"});
  close(sector);
  if (child < 0) return false;
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  int status = 0;
  pid_t ended = 0;
  while ((ended = waitpid(child, &status, WNOHANG)) == 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (ended == 0) {
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return false;
  }
  return ended == child && WIFEXITED(status) && WEXITSTATUS(status) == exit_status;
}

Accelerator choose_accelerator() {
  static const Accelerator chosen = decide();
  return chosen;
}

}  // namespace vmms::hypervisor::libvirt
