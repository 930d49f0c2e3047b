// Where operations run, as the protocols see it.
#pragma once

#include "base/ledger.hpp"
#include "base/result.hpp"
#include "cim/object_path.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace vmms::wire {

/// Runs a task in a pool that may wait. `account` pays for it, and `key` names the virtual machine it is for (empty:
/// none), so that the pool can be fair between them. An Error (busy) means that the task was refused and will not run.
using Submit = std::function<Status(const AccountPtr& account, std::string_view key, std::function<void()> task)>;

/// A request with a larger body is read in the pool: reading it would hold up others on an I/O thread.
inline constexpr std::size_t most_read_on_edge = std::size_t{16} * 1024;

/// The virtual machine that a path refers to, empty for none: the pool is fair between them.
using MachineOf = std::function<std::string(const cim::ObjectPath&)>;

}  // namespace vmms::wire
