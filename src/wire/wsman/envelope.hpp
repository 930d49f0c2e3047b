// The envelope around an answer that is no fault.
#pragma once

#include "wire/wsman/request.hpp"

#include <string>

namespace vmms::wire::wsman {

/// What stands before the content of s:Body, and what stands behind it.
void begin_envelope(std::string& answer, const Request& request);
void end_envelope(std::string& answer);

}  // namespace vmms::wire::wsman
