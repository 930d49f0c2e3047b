// The Guest Service Interface of a VM.
#pragma once

#include "cli/session.hpp"

namespace vmms::cli {

/// Whether guest services of the VM may be used.
Result<bool> interface_enabled(Session& session, const VirtualMachine& machine);

}  // namespace vmms::cli
