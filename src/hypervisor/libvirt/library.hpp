// libvirt in this process: its event loop, its log and error output, owned handles, its errors as ours.
#pragma once

#include "base/result.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace vmms::hypervisor::libvirt {

/// Prepares libvirt for this process, once, before any connection and after our log was set up: its event loop runs on
/// its own thread, and what it logs and prints goes to spdlog's default logger of that moment. Environment:
/// LIBVIRT_LOG_OUTPUTS, when set, is left to libvirt.
Status initialise_library();

struct DomainRelease {
  void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};
struct TextRelease {
  void operator()(char* text) const { std::free(text); }
};
/// The last copy closes the connection.
using ConnectionHandle = std::shared_ptr<virConnect>;
using DomainHandle = std::unique_ptr<virDomain, DomainRelease>;
using TextHandle = std::unique_ptr<char, TextRelease>;

ConnectionHandle own(virConnectPtr connection);

/// Error numbers since libvirt 11.2, which older headers do not have: VIR_ERR_AGENT_COMMAND_TIMEOUT and _FAILED.
inline constexpr int agent_command_timeout = 112;
inline constexpr int agent_command_failed = 113;

/// The error of this thread's last libvirt call.
struct LastError {
  int code = 0;      ///< virErrorNumber
  int domain = 0;    ///< virErrorDomain
  std::string text;  ///< never empty
};
LastError last_error();

/// That error as ours. `what` says what was tried and with which VM: "VM web (…) cannot be started".
Error error_of(const LastError& last, std::string_view what);
inline Error last_error_of(std::string_view what) { return error_of(last_error(), what); }

}  // namespace vmms::hypervisor::libvirt
