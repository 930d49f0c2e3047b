#include "daemon/spare_memory.hpp"

#include "base/sanitizer.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <memory>
#include <vector>

namespace vmms::daemon {
namespace {

std::size_t resident_bytes() {
  std::size_t all = 0;
  std::size_t resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

TEST(SpareMemory, IsGivenBackOnceNobodyNeedsIt) {
  if (sanitized) GTEST_SKIP() << "left out under sanitizers: they have an allocator of their own";
  constexpr std::size_t block = 64 * 1024;
  constexpr std::size_t blocks = 4 * SpareMemory::most_idle / block;
  SpareMemory spare;
  spare.give_back();  // of the tests before
  for (int round = 0; round < 2; ++round) {
    std::vector<std::unique_ptr<char[]>> all;
    for (std::size_t i = 0; i < blocks; ++i) all.push_back(std::make_unique<char[]>(block));
    EXPECT_FALSE(spare.give_back()) << "all of it is needed";
    const std::unique_ptr<char[]> last = std::move(all.back());  // malloc gives back what is behind everything else
    all.clear();
    const std::size_t before = resident_bytes();
    EXPECT_TRUE(spare.give_back());
    EXPECT_LT(resident_bytes() + 2 * SpareMemory::most_idle, before);
    EXPECT_FALSE(spare.give_back()) << "once is enough";
  }
}

}  // namespace
}  // namespace vmms::daemon
