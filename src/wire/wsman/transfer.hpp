// Get, Put, Create and Delete (WS-Transfer, DSP0226 7).
#pragma once

#include "wire/wsman/operation.hpp"

namespace vmms::wire::wsman {

OrFault<Task> prepare_get(const Operation& operation);
OrFault<Task> prepare_put(const Operation& operation);
OrFault<Task> prepare_create(const Operation& operation);
OrFault<Task> prepare_delete(const Operation& operation);

}  // namespace vmms::wire::wsman
