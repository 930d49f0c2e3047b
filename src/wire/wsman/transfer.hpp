// Get, Put, Create and Delete (WS-Transfer, DSP0226 7).
#pragma once

#include "wire/wsman/operation.hpp"

namespace vmms::wire::wsman {

OrFault<OperationTask> prepare_get(const Operation& operation);
OrFault<OperationTask> prepare_put(const Operation& operation);
OrFault<OperationTask> prepare_create(const Operation& operation);
OrFault<OperationTask> prepare_delete(const Operation& operation);

}  // namespace vmms::wire::wsman
