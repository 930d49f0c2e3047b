// The daemon: puts the layers together, serves until a signal ends it.
#pragma once

#include "daemon/options.hpp"
#include "daemon/signals.hpp"

#include <functional>

namespace vmms::daemon {

/// What a daemon needs of its process.
struct Process {
  Signals& signals;
  std::function<Parsed()> read_options;  ///< those of the command line and the configuration file, as they are now
  std::function<void()> finish_log;      ///< writes the part of the log that can be written soon
};

/// Serves until TERM or INT, which work at every moment; HUP has the configuration read again. Returns the exit status:
/// 0 ended cleanly, 1 could not start (logged). Everything that can be checked is checked before a hypervisor, a guest
/// or what is on disk is touched.
int serve(const Options& options, Process process);

}  // namespace vmms::daemon
