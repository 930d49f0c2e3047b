// The envelope of an answer that is not a fault.
#pragma once

#include "wire/wsman/request.hpp"

#include <string>

namespace vmms::wire::wsman {

/// The text before the content of s:Body, and the text after it.
void begin_envelope(std::string& answer, const Request& request);
void end_envelope(std::string& answer);

}  // namespace vmms::wire::wsman
