// Method calls (DSP0227 9).
#pragma once

#include "wire/wsman/operation.hpp"

namespace vmms::wire::wsman {

/// The method that an action names: what follows the resource URI and a slash. nullopt when the action is none of the
/// resource's.
std::optional<std::string> method_of(const Request& request);

OrFault<OperationTask> prepare_invoke(const Operation& operation, std::string_view method_name);

}  // namespace vmms::wire::wsman
