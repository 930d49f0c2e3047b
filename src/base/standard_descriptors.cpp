#include "base/standard_descriptors.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace vmms {

void hold_standard_descriptors() {
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    // The lowest number that is free, which is this one. Programs that we start find it closed.
    if (::open("/", O_PATH | O_CLOEXEC) != number) std::_Exit(1);
  }
}

}  // namespace vmms
