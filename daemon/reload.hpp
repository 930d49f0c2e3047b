// What HUP does.
#pragma once

#include "daemon/audit.hpp"
#include "daemon/options.hpp"
#include "wire/auth/password_file.hpp"
#include "wire/http/server.hpp"

namespace vmms::daemon {

/// The parts of a running daemon that change with its configuration.
struct Reloadable {
  const Options& options;  ///< those with which it was started
  wire::http::Server& server;
  wire::auth::PasswordFile& users;
  Audit& audit;
  const HostFiles& host_files;
};

/// Reads users, certificate and audit file again and checks everything first, also that none of them lies in a folder
/// whose files requests may name; then all of it takes effect, with the log
/// level. When something is wrong nothing changes, and the log says what. Keys that need a restart are named there.
void reload(Reloadable& running, const Parsed& parsed);

}  // namespace vmms::daemon
