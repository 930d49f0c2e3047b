// Enumerate, Pull, Renew, GetStatus and Release (WS-Enumeration, DSP0226 8).
#pragma once

#include "wire/enumeration/contexts.hpp"
#include "wire/wsman/operation.hpp"

namespace vmms::wire::wsman {

OrFault<OperationTask> prepare_enumerate(const Operation& operation, enumeration::Contexts& contexts);
OrFault<OperationTask> prepare_pull(const Operation& operation, enumeration::Contexts& contexts);
OrFault<OperationTask> prepare_renew(const Operation& operation, enumeration::Contexts& contexts);
OrFault<OperationTask> prepare_get_status(const Operation& operation, enumeration::Contexts& contexts);
OrFault<OperationTask> prepare_release(const Operation& operation, enumeration::Contexts& contexts);

}  // namespace vmms::wire::wsman
