// Identify (DSP0226 11): what a server reports of itself.
#pragma once

#include "wire/wsman/operation.hpp"

namespace vmms::wire::wsman {

OrFault<OperationTask> prepare_identify(const std::string& product_vendor, const std::string& product_version);

}  // namespace vmms::wire::wsman
