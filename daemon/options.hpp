// What vmmsd was told: command line and TOML configuration, which have the same keys.
#pragma once

#include "base/host_files.hpp"
#include "wire/http/listener.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vmms::daemon {

/// Listener::protocol
inline constexpr const char* wsman_protocol = "wsman";
inline constexpr const char* cimxml_protocol = "cimxml";

struct Options {
  std::string connect;   ///< libvirt URI
  std::string simulate;  ///< fleet file; excludes `connect`
  std::string define;    ///< domain XML file that is defined before serving
  std::vector<wire::http::Listener> listeners;
  std::string users;                  ///< password file; default STATE/users
  bool users_may_be_missing = false;  ///< nobody named it, and a local socket needs none
  std::string state;                  ///< folder of what the daemon keeps
  std::string certificate;            ///< PEM files for TLS; made by ourselves when empty
  std::string key;
  bool allow_cleartext = false;  ///< passwords in clear text beyond loopback
  bool guest_service_interface = false;
  std::string compatibility = "extended";
  std::string configuration;                ///< file that these were read from
  std::vector<HostFiles::Named> copy_read;  ///< folders whose files requests may name, to read
  std::vector<HostFiles::Named> copy_write;
  std::uint64_t copy_largest = 1ULL << 40;  ///< bytes of one file
  std::string agent = "auto";               ///< or "never": whether our own agent is brought into guests
  std::string log_level = "info";
  std::size_t io_threads = 2;
  std::size_t worker_threads = 256;
};

/// Options, or the exit status when the command line asked for no more than a text (--help) or was wrong; what there is
/// to say was printed.
struct Parsed {
  std::optional<Options> options;
  int exit_status = 0;
};
Parsed parse_options(int argc, const char* const* argv);

}  // namespace vmms::daemon
