#include "cim/footprint.hpp"

#include <gtest/gtest.h>

namespace vmms::cim {
namespace {

TEST(Footprint, HoldsWhatIsInside) {
  const std::string text(1000, 'x');
  EXPECT_LT(footprint(Value()), 200u);
  EXPECT_GE(footprint(Value(text)), 1000u);
  EXPECT_GE(footprint(Value(Array{text, text, text})), 3000u);
  ObjectPath inner;
  inner.keys.push_back({"Name", text});
  ObjectPath outer;
  outer.keys.push_back({"Other", "", std::make_shared<const ObjectPath>(inner)});
  EXPECT_GE(footprint(outer), 1000u);
  EXPECT_LT(footprint(outer), 2000u);
  EXPECT_GE(footprint(Value(ObjectPathPtr(std::make_shared<const ObjectPath>(outer)))), 1000u);
}

}  // namespace
}  // namespace vmms::cim
