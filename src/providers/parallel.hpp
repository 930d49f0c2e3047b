// Work that waits for many guests, done at the same time.
#pragma once

#include <cstddef>
#include <functional>

namespace vmms::providers {

/// Calls `work` for 0 … count - 1, on this thread and up to 15 others, and returns when all are done.
void in_parallel(std::size_t count, const std::function<void(std::size_t)>& work);

}  // namespace vmms::providers
