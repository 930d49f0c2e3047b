// Reports refused sign-ins.
#pragma once

#include "cim/audit.hpp"

namespace vmms::wire::auth {

/// A line of the log and an audit record, if there is an auditor; no more than an address may cause (base/log_limiter).
/// The address comes first in the line: no text that the client chose precedes it.
void tell_refused(cim::Auditor* auditor, const cim::RefusedSignIn& refused);

}  // namespace vmms::wire::auth
