#include "base/nearest.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vmms {
namespace {

TEST(Nearest, IsAVerbThatAMistakeMayHaveMeant) {
  const std::vector<std::string> verbs{"list", "start", "stop", "restart", "show", "shutdown"};
  EXPECT_EQ(nearest("lst", verbs), "list");
  EXPECT_EQ(nearest("satrt", verbs), "start");
  EXPECT_EQ(nearest("stpo", verbs), "stop");
  EXPECT_EQ(nearest("shutdwon", verbs), "shutdown");
  EXPECT_EQ(nearest("shut", verbs), "shutdown");
  EXPECT_EQ(nearest("frobnicate", verbs), "");
  EXPECT_EQ(nearest("", verbs), "");
  EXPECT_EQ(nearest(std::string(100000, 'x'), verbs), "");
}

}  // namespace
}  // namespace vmms
