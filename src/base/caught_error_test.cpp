#include "base/caught_error.hpp"

#include <gtest/gtest.h>

#include <new>
#include <stdexcept>

namespace vmms {
namespace {

template <class Thrown>
Error caught(const Thrown& thrown) {
  try {
    throw thrown;
  } catch (...) {
    return caught_error();
  }
}

TEST(CaughtError, SaysWhatWasThrown) {
  EXPECT_EQ(caught(std::bad_alloc()), error(Failure::internal, "out of memory"));
  EXPECT_EQ(caught(std::runtime_error("the moon is gone")),
            error(Failure::internal, "an error in the service: the moon is gone"));
  EXPECT_EQ(caught(7), error(Failure::internal, "an exception"));
}

}  // namespace
}  // namespace vmms
