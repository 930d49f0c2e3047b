// No file gets the number of standard input, output or error.
#include "base/standard_descriptors.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace vmms {
namespace {

/// In a separate process, with these closed: the first number that a file gets afterwards, or what is wrong.
int first_number(const std::vector<int>& closed) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int number : closed) ::close(number);
    hold_standard_descriptors();
    for (const int number : closed) {
      char byte = 0;
      if (::write(number, "x", 1) != -1 || errno != EBADF) ::_exit(100);
      if (::read(number, &byte, 1) != -1 || errno != EBADF) ::_exit(101);
      if ((::fcntl(number, F_GETFD) & FD_CLOEXEC) == 0) ::_exit(102);
    }
    ::_exit(::open("/", O_PATH | O_CLOEXEC));
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(StandardDescriptors, NoFileGetsTheirNumbers) {
  for (const std::vector<int>& closed : std::vector<std::vector<int>>{{}, {0}, {1}, {2}, {0, 1}, {1, 2}, {0, 1, 2}}) {
    const int number = first_number(closed);
    EXPECT_GT(number, STDERR_FILENO);
    EXPECT_LT(number, 100) << "100: it can be written, 101: read, 102: programs that are started have it";
  }
}

}  // namespace
}  // namespace vmms
