#include "daemon/spare_memory.hpp"

#include <features.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <algorithm>

namespace vmms::daemon {

bool SpareMemory::give_back() {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
  const std::size_t idle = ::mallinfo2().fordblks;
  given_ = std::min(given_, idle);  // of what was given, the rest is used again
  if (idle < given_ + most_idle) return false;
  ::malloc_trim(0);
  given_ = ::mallinfo2().fordblks;
  return true;
#else
  return false;
#endif
}

}  // namespace vmms::daemon
