// Telling of sign-ins that were refused.
#pragma once

#include "cim/audit.hpp"

namespace vmms::wire::auth {

/// A line of the log and an audit record, if there is an auditor; no more than an address may cause (base/log_limiter).
/// The address stands first in the line: nothing that a stranger chose is in front of it.
void tell_refused(cim::Auditor* auditor, const cim::RefusedSignIn& refused);

}  // namespace vmms::wire::auth
