// Exceptions as errors, for callers that expect results.
#pragma once

#include "base/result.hpp"

namespace vmms {

/// In a catch block: the error that stands for the exception, of the kind internal. Needs no memory.
Error caught_error() noexcept;

}  // namespace vmms
