// The envelope around an answer that is no fault.
#pragma once

#include "wire/wsman/request.hpp"

#include <string>
#include <string_view>

namespace vmms::wire::wsman {

/// `body` is the content of s:Body.
std::string write_envelope(const Request& request, std::string_view body);

}  // namespace vmms::wire::wsman
