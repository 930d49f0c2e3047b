// The identity of this host for clients, where neither its hypervisor nor its firmware has a UUID.
#pragma once

#include "base/result.hpp"
#include "daemon/state_folder.hpp"

#include <string>

namespace vmms::daemon {

/// A GUID in upper case that stays the same: derived from the machine id, which itself should not be shown
/// (machine-id(5)); without one, kept_identity. Errors: those of it.
Result<std::string> host_identity(const StateFolder& state);

/// A random GUID, made once and kept in the state folder. Errors: it cannot be kept.
Result<std::string> kept_identity(const StateFolder& state);

}  // namespace vmms::daemon
