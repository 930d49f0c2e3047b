// The options of vmmsd: command line and TOML configuration, which have the same keys.
#pragma once

#include "base/host_files.hpp"
#include "wire/http/listener.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
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
  bool users_may_be_missing = false;  ///< it was not named, and a local socket needs none
  std::string state;                  ///< folder of what the daemon keeps
  std::string certificate;            ///< PEM files for TLS; made by ourselves when empty
  std::string key;
  bool allow_cleartext = false;                ///< passwords in clear text beyond loopback
  std::string anonymous_identify = "minimal";  ///< or "full", "off": what Identify says without credentials
  bool guest_service_interface = false;
  std::string compatibility = "extended";
  std::string configuration;                ///< file that these were read from
  std::vector<HostFiles::Named> copy_read;  ///< folders whose files requests may name, to read
  std::vector<HostFiles::Named> copy_write;
  std::uint64_t copy_largest = 1ULL << 40;  ///< bytes of one file
  std::string agent = "auto";               ///< or "never": whether our own agent is deployed to guests
  std::string audit;                        ///< file of audit records; empty: the journal or the log
  bool audit_reads = false;                 ///< operations that only read are recorded, too
  std::uint64_t memory = 0;                 ///< bytes held for clients and guests; 0: a quarter of what there is
  std::string log_level = "info";
  std::size_t io_threads = 2;
  std::size_t worker_threads = 256;

  /// What was given for each option, as text, empty for nothing: to tell which differ.
  std::map<std::string, std::string> given;
};

/// Options, or the exit status when the command line asked for no more than a text (--help) or was wrong.
struct Parsed {
  std::optional<Options> options;
  int exit_status = 0;
  std::string output = {};   ///< for standard output
  std::string problem = {};  ///< what is wrong; that of a configuration file begins with "FILE:LINE:COLUMN: "
};
/// Changes nothing, and prints nothing.
Parsed parse_options(int argc, const char* const* argv);

/// The options that differ and that only a restart changes, as the configuration file names them.
std::vector<std::string> need_restart(const Options& running, const Options& wanted);

}  // namespace vmms::daemon
