// Work that waits for many guests, done at the same time.
#pragma once

#include "providers/common/environment.hpp"

#include <cstddef>
#include <functional>

namespace vmms::providers {

/// So many calls run at the same time at most.
constexpr std::size_t most_in_parallel = 16;

/// Asks another thread for help: it runs the task sooner or later or, when this returns false, never.
using Offer = std::function<bool(std::function<void()> task)>;

/// The help that the caller may have; it ends with `environment` and `caller`.
Offer offer_for(const Environment& environment, const cim::Context& caller);

/// Calls `work` for 0 … count - 1, on this thread and on up to 15 that take an offer, and returns when all are done.
/// Waits only for calls that run: without help this thread does all of them. An exception of a call ends the work and
/// is thrown here.
void in_parallel(const Offer& offer, std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace vmms::providers
