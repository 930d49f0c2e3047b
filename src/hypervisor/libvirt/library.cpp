#include "hypervisor/libvirt/library.hpp"

#include "base/thread.hpp"
#include "hypervisor/libvirt/log_lines.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>

namespace vmms::hypervisor::libvirt {

namespace {

constexpr const char* log_outputs = "LIBVIRT_LOG_OUTPUTS";

// Every call's error is handled where it was called, and libvirt's log gets it too; without this function libvirt
// prints it to standard error.
void ignore_error(void*, virErrorPtr) {}

void read_log(int descriptor, spdlog::logger& log) {
  LogLines lines([&log](const LogLine& line) { log.log(line.level, "libvirt: {}", line.text); });
  std::array<char, 4096> buffer{};
  while (true) {
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    try {
      lines.feed({buffer.data(), static_cast<std::size_t>(count)});
    } catch (const std::exception& e) {
      log.error("lines of libvirt's log are lost: {}", e.what());
    }
  }
  close(descriptor);
}

// The client library has no public call for its log outputs: only the environment, read by virInitialize. It opens the
// "file" that we name, the writing end of a pipe. The variable is removed again at once, since libvirt's child
// processes would read it too and fail to open it.
void initialise_with_log(int& status) {
  std::array<int, 2> ends{};
  if (std::getenv(log_outputs) != nullptr || pipe2(ends.data(), O_CLOEXEC) != 0) {
    status = virInitialize();
    return;
  }
  // The thread outlives main() and so must the logger, which would end with the static objects.
  static auto* const logger = new std::shared_ptr<spdlog::logger>(spdlog::default_logger());
  const Status started = start_thread("libvirt-log", [descriptor = ends[0]] { read_log(descriptor, **logger); },
                                      {.use = ThreadUse::service});
  if (!started) {
    spdlog::warn("libvirt's log is not read: no thread can be started for it: {}", started.error().message);
    close(ends[0]);
    close(ends[1]);
    status = virInitialize();
    return;
  }
  setenv(log_outputs, fmt::format("3:file:/proc/self/fd/{}", ends[1]).c_str(), 1);
  status = virInitialize();
  unsetenv(log_outputs);
  close(ends[1]);  // libvirt has opened its own
}

void run_event_loop() {
  while (true) {
    if (virEventRunDefaultImpl() < 0) {
      spdlog::error("libvirt's event loop: {}", last_error().text);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

Status initialise_once() {
  virSetErrorFunc(nullptr, ignore_error);
  int status = 0;
  initialise_with_log(status);
  if (status < 0) return error(Failure::internal, "libvirt cannot be initialised: " + last_error().text);
  if (virEventRegisterDefaultImpl() < 0) {
    return error(Failure::internal, "libvirt's event loop cannot be set up: " + last_error().text);
  }
  // libvirt cannot end it: it serves the process until its exit.
  const Status started =
      start_thread("libvirt-events", run_event_loop, {.use = ThreadUse::service, .stack_bytes = 1U << 20});
  if (!started)
    return error(Failure::busy, "no thread can be started for libvirt's events: " + started.error().message);
  return {};
}

Failure kind_of(int code) {
  switch (code) {
    case VIR_ERR_NO_DOMAIN:
      return Failure::not_found;
    case VIR_ERR_OPERATION_INVALID:
      return Failure::invalid_state;
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_RPC:
    case VIR_ERR_OPERATION_TIMEOUT:
    case VIR_ERR_AGENT_UNRESPONSIVE:
    case VIR_ERR_AGENT_UNSYNCED:
    case agent_command_timeout:
      return Failure::unreachable;
    default:
      return Failure::failed;
  }
}

}  // namespace

Status initialise_library() {
  static const Status status = initialise_once();
  return status;
}

ConnectionHandle own(virConnectPtr connection) {
  return {connection, [](virConnectPtr closing) {
            if (closing != nullptr) virConnectClose(closing);
          }};
}

LastError last_error() {
  const virErrorPtr last = virGetLastError();
  if (last == nullptr || last->code == VIR_ERR_OK) return {0, 0, "libvirt gives no reason"};
  std::string text = last->message != nullptr ? last->message : "libvirt gives no reason";
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return {last->code, last->domain, std::move(text)};
}

Error error_of(const LastError& last, std::string_view what) {
  if (last.code == VIR_ERR_OPERATION_TIMEOUT) {
    return error(Failure::unreachable,
                 fmt::format("{}: another operation holds the domain, perhaps one of another tool (virsh, "
                             "virt-manager, a backup): {}",
                             what, last.text));
  }
  return error(kind_of(last.code), fmt::format("{}: {}", what, last.text));
}

}  // namespace vmms::hypervisor::libvirt
