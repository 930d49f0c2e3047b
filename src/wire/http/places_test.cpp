#include "wire/http/places.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vmms::wire::http {
namespace {

class PlacesTest : public testing::Test {
 protected:
  static Ledger::Options few() {
    Ledger::Options options;
    options.bounds[static_cast<std::size_t>(Ledger::Item::stranger)] = {.address = 2, .all = 4};
    options.reserve_divisor = 4;  // so that one of them is kept
    return options;
  }
  AccountPtr account(const std::string& name) { return ledger_.account(Ledger::Payer::address, name); }
  /// A place whose loss is noted under `name`.
  Places::PlacePtr offered(const AccountPtr& payer, const std::string& name) {
    auto place = places_.take(payer, 0);
    if (!place) return nullptr;
    (*place)->offer([this, name] { closed_.push_back(name); });
    return std::move(*place);
  }

  Ledger ledger_{few()};
  Places places_{Ledger::Item::stranger};
  std::vector<std::string> closed_;
};

TEST_F(PlacesTest, TheOldestOfOnesOwnMakesRoom) {
  const AccountPtr a = account("a");
  const AccountPtr b = account("b");
  const auto other = offered(b, "b1");
  const auto first = offered(a, "a1");
  const auto second = offered(a, "a2");
  EXPECT_TRUE(first->offer([this] { closed_.emplace_back("a1 again"); })) << "that does not change its turn";
  const auto third = offered(a, "a3");
  ASSERT_TRUE(third);
  EXPECT_EQ(closed_, std::vector<std::string>{"a1 again"});
  EXPECT_FALSE(first->offer([] {}));
  second->keep();
  second->offer([this] { closed_.emplace_back("a2 again"); });
  const auto fourth = offered(a, "a4");
  EXPECT_EQ(closed_.back(), "a3");
  EXPECT_EQ(a->number(Ledger::Item::stranger), 2u);
  EXPECT_EQ(b->number(Ledger::Item::stranger), 1u);
}

TEST_F(PlacesTest, WhatIsKeptAndWhatIsOfOthersIsNotTaken) {
  const AccountPtr a = account("a");
  const auto first = offered(a, "a1");
  const auto second = offered(a, "a2");
  first->keep();
  second->keep();
  const auto refused = places_.take(a, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::busy);
  const auto other = offered(account("b"), "b1");
  ASSERT_TRUE(other);
  EXPECT_FALSE(places_.take(a, 0)) << "it has as many as it may, whatever others could give";
  other->keep();
  EXPECT_FALSE(places_.take(account("c"), 0)) << "there are three, and the fourth is kept";
  EXPECT_TRUE(closed_.empty());
}

TEST_F(PlacesTest, WhereAllAreTakenWhoeverHasMostMakesRoom) {
  const AccountPtr a = account("a");
  const AccountPtr b = account("b");
  const auto first = offered(b, "b1");
  const auto second = offered(a, "a1");
  const auto third = offered(a, "a2");
  const auto fourth = offered(account("c"), "c1");
  ASSERT_TRUE(fourth);
  EXPECT_EQ(closed_, std::vector<std::string>{"a1"});
  const auto fifth = offered(account("d"), "d1");
  ASSERT_TRUE(fifth);
  EXPECT_EQ(closed_.back(), "b1") << "where nobody has more than others, who has waited longest";
}

TEST_F(PlacesTest, WhatEndsGivesItsPlaceBack) {
  const AccountPtr a = account("a");
  for (int i = 0; i < 10; ++i) {
    const auto one = offered(a, "one");
    const auto two = offered(a, "two");
    ASSERT_TRUE(two);
  }
  EXPECT_TRUE(closed_.empty());
  EXPECT_EQ(ledger_.number(Ledger::Item::stranger), 0u);
}

TEST_F(PlacesTest, SomethingElseMayBeWanting) {
  const AccountPtr a = account("a");
  const auto one = offered(a, "one");
  EXPECT_FALSE(places_.displace(*account("b")));
  EXPECT_TRUE(places_.displace(*a));
  EXPECT_EQ(closed_, std::vector<std::string>{"one"});
  EXPECT_FALSE(places_.displace(*a));
}

}  // namespace
}  // namespace vmms::wire::http
