// The daemon: puts the layers together, serves until it is told to end.
#pragma once

#include "daemon/options.hpp"

namespace vmms::daemon {

/// Serves until TERM or INT; those signals must be blocked in the calling thread before any other thread exists.
/// Returns the exit status: 0 ended cleanly, 1 could not start (logged).
int serve(const Options& options);

}  // namespace vmms::daemon
