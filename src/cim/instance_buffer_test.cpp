#include "cim/instance_buffer.hpp"

#include "testing/test_namespace.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

namespace vmms::cim {
namespace {

Instance system(int number) {
  Instance instance(testing::t_system);
  instance.set("Name", std::to_string(number));
  return instance;
}

RC_GTEST_PROP(InstanceBuffer, IsAQueue, ()) {
  InstanceBuffer buffer;
  std::deque<Instance> expected;
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 6));
  int number = 0;
  for (const int step : steps) {
    ++number;
    if (step < 2) {
      buffer.push_back(system(number));
      expected.push_back(system(number));
    } else if (step == 2) {
      Instance& unset = buffer.add_unset(testing::t_system);
      RC_ASSERT(unset.values.size() == testing::t_system.properties.size());
      unset = system(number);
      expected.push_back(system(number));
    } else if (step == 3) {
      buffer.shrink();
    } else {
      const std::size_t count = *rc::gen::inRange<std::size_t>(0, expected.size() + 1);
      for (std::size_t i = 0; i < count && step == 5; ++i) Instance taken(std::move(buffer.items()[i]));
      buffer.drop(count);
      expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(count));
    }
    RC_ASSERT(buffer.size() == expected.size());
    RC_ASSERT(std::equal(expected.begin(), expected.end(), buffer.items().begin()));
  }
}

TEST(InstanceBuffer, AnotherClassGetsAPlaceOfItsOwn) {
  InstanceBuffer buffer;
  buffer.push_back(system(1));
  buffer.drop(1);
  const Instance& unit = buffer.add_unset(testing::t_unit);
  EXPECT_EQ(&unit.cim_class(), &testing::t_unit);
  EXPECT_EQ(unit.values.size(), testing::t_unit.properties.size());
}

}  // namespace
}  // namespace vmms::cim
