#include "wire/wsman/enumeration_contexts.hpp"

#include "wire/wsman/test_schema.hpp"

#include <gtest/gtest.h>

namespace vmms::wire::wsman {
namespace {

using namespace std::chrono_literals;

class Contexts : public ::testing::Test {
 protected:
  EnumerationContexts::Clock::time_point now{1h};
  EnumerationContexts contexts{{.total = 5, .per_user = 3, .idle = 10min}, [this] { return now; }};

  std::string open(std::string user, std::optional<EnumerationContexts::Clock::duration> lifetime = {}) {
    auto context = std::make_unique<EnumerationContext>();
    context->owner = std::move(user);
    const auto opened = contexts.open(std::move(context), lifetime);
    if (!opened) return {};
    contexts.give_back(*opened, false);
    return (*opened)->id;
  }
  Condition refusal(const std::string& id, const std::string& user) {
    const auto taken = contexts.take(id, user);
    return taken ? Condition::failed : taken.error().condition;
  }
};

TEST_F(Contexts, BelongToTheirUser) {
  const std::string id = open("alice");
  EXPECT_EQ(id.substr(0, 5), "uuid:");
  EXPECT_EQ(refusal(id, "bob"), Condition::invalid_context);
  EXPECT_FALSE(contexts.release(id, "bob"));
  EXPECT_TRUE(contexts.release(id, "alice"));
  EXPECT_EQ(refusal(id, "alice"), Condition::invalid_context);
  EXPECT_EQ(refusal("uuid:nonsense", "alice"), Condition::invalid_context);
}

TEST_F(Contexts, OnePullAtATime) {
  const std::string id = open("alice");
  const auto first = contexts.take(id, "alice");
  ASSERT_TRUE(first);
  EXPECT_EQ(refusal(id, "alice"), Condition::concurrency);
  contexts.give_back(*first, false);
  EXPECT_TRUE(contexts.take(id, "alice"));
}

TEST_F(Contexts, AreLimitedPerUserAndInAll) {
  for (int i = 0; i < 3; ++i) EXPECT_NE(open("alice"), "");
  EXPECT_EQ(open("alice"), "");
  EXPECT_NE(open("bob"), "");
  EXPECT_NE(open("carol"), "");
  EXPECT_EQ(open("dave"), "");
  EXPECT_EQ(contexts.size(), 5U);
  now += 10min;
  EXPECT_NE(open("dave"), "") << "those that nobody pulls from are forgotten";
  EXPECT_EQ(contexts.size(), 1U);
}

TEST_F(Contexts, ExpireWhenIdleOrAtTheirTime) {
  const std::string idle = open("alice");
  const std::string timed = open("alice", 15min);
  now += 9min;
  for (const std::string& id : {idle, timed}) {
    const auto taken = contexts.take(id, "alice");
    ASSERT_TRUE(taken);
    contexts.give_back(*taken, false);
  }
  now += 7min;
  EXPECT_EQ(refusal(timed, "alice"), Condition::invalid_context);
  const auto taken = contexts.take(idle, "alice");
  ASSERT_TRUE(taken);
  now += 1h;
  EXPECT_EQ(refusal(idle, "alice"), Condition::concurrency) << "one in use does not expire";
  contexts.give_back(*taken, false);
  EXPECT_TRUE(contexts.take(idle, "alice"));
}

TEST_F(Contexts, EndWhenTheLastItemsHaveArrived) {
  const std::string id = open("alice");
  const auto taken = contexts.take(id, "alice");
  ASSERT_TRUE(taken);
  contexts.give_back(*taken, true);
  EXPECT_EQ(refusal(id, "alice"), Condition::invalid_context);
  contexts.finish(*taken, true, {});
  EXPECT_EQ(contexts.size(), 0U);
}

TEST_F(Contexts, ItemsOfAnAnswerThatCameTooLateComeAgain) {
  const std::string id = open("alice");
  const auto taken = contexts.take(id, "alice");
  ASSERT_TRUE(taken);
  contexts.give_back(*taken, true);
  std::vector<cim::Instance> sent(2, cim::Instance(testing::setting_data));
  sent[0].set("InstanceID", std::string("1"));
  contexts.finish(*taken, false, std::move(sent));
  const auto again = contexts.take(id, "alice");
  ASSERT_TRUE(again);
  ASSERT_EQ((*again)->pending.size(), 2U);
  EXPECT_EQ((*again)->pending.front()["InstanceID"], cim::Value(std::string("1")));
}

}  // namespace
}  // namespace vmms::wire::wsman
