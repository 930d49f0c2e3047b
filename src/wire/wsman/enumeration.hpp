// Enumerate, Pull and Release (WS-Enumeration, DSP0226 8).
#pragma once

#include "wire/wsman/enumeration_contexts.hpp"
#include "wire/wsman/operation.hpp"

namespace vmms::wire::wsman {

OrFault<Task> prepare_enumerate(const Operation& operation, EnumerationContexts& contexts);
OrFault<Task> prepare_pull(const Operation& operation, EnumerationContexts& contexts);
OrFault<Task> prepare_release(const Operation& operation, EnumerationContexts& contexts);

}  // namespace vmms::wire::wsman
