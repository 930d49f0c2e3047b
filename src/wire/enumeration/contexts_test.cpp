#include "wire/enumeration/contexts.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace vmms::wire::enumeration {
namespace {

using namespace std::chrono_literals;

constexpr cim::Property properties[] = {{.name = "InstanceID", .is_key = true}};
constexpr std::uint16_t keys[] = {0};
constexpr cim::Class setting_data{.name = "T_SettingData", .properties = properties, .keys = keys, .methods = {}};

class ContextsTest : public ::testing::Test {
 protected:
  Contexts::Clock::time_point now{1h};
  Ledger ledger{[] {
    Ledger::Options options;
    options.bounds[static_cast<std::size_t>(Ledger::Item::context)] = {.principal = 3, .all = 6};
    options.reserve_divisor = 6;
    return options;
  }()};
  Contexts contexts{{.idle = 10min}, [this] { return now; }};

  std::string open(std::string user, std::optional<Contexts::Clock::duration> lifetime = {}) {
    auto context = std::make_unique<Context>();
    context->account = ledger.account(Ledger::Payer::principal, user);
    context->owner = std::move(user);
    const auto opened = contexts.open(std::move(context), {lifetime, {}});
    if (!opened) return {};
    contexts.give_back(*opened, false);
    return (*opened)->id;
  }
  Failure refusal(const std::string& id, const std::string& user) {
    const auto taken = contexts.take(id, user);
    return taken ? Failure::internal : taken.error().kind;
  }
};

TEST_F(ContextsTest, BelongToTheirUser) {
  const std::string id = open("alice");
  EXPECT_EQ(id.substr(0, 5), "uuid:");
  EXPECT_EQ(refusal(id, "bob"), Failure::not_found);
  EXPECT_FALSE(contexts.release(id, "bob"));
  EXPECT_TRUE(contexts.release(id, "alice"));
  EXPECT_EQ(refusal(id, "alice"), Failure::not_found);
  EXPECT_EQ(refusal("uuid:nonsense", "alice"), Failure::not_found);
}

TEST_F(ContextsTest, OnePullAtATime) {
  const std::string id = open("alice");
  const auto first = contexts.take(id, "alice");
  ASSERT_TRUE(first);
  EXPECT_EQ(refusal(id, "alice"), Failure::invalid_state);
  contexts.give_back(*first, false);
  EXPECT_TRUE(contexts.take(id, "alice"));
}

TEST_F(ContextsTest, TheOldestOfAUserMakesRoomForHisNext) {
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(open("alice"));
    now += 1s;
  }
  contexts.give_back(contexts.take(ids[0], "alice").value(), false);  // the oldest was used last
  const auto taken = contexts.take(ids[1], "alice").value();
  EXPECT_NE(open("alice"), "");
  EXPECT_EQ(refusal(ids[2], "alice"), Failure::not_found) << "idle for the longest time";
  EXPECT_EQ(refusal(ids[1], "alice"), Failure::invalid_state) << "one that is being read stays";
  EXPECT_TRUE(contexts.take(ids[0], "alice"));
  contexts.give_back(taken, false);
}

TEST_F(ContextsTest, OneProtocolsMakeRoomForAnothers) {
  const auto store = std::make_shared<ContextStore>();
  const auto clock = [this] { return now; };
  Contexts here{{.idle = 10min}, clock, store};
  const auto open_in = [&](Contexts& protocol) -> std::string {
    auto context = std::make_unique<Context>();
    context->account = ledger.account(Ledger::Payer::principal, "alice");
    context->owner = "alice";
    now += 1s;
    const auto opened = protocol.open(std::move(context), {});
    if (!opened) return {};
    protocol.give_back(*opened, false);
    return (*opened)->id;
  };
  std::string own;
  {
    Contexts there{{.idle = 10min}, clock, store};
    std::vector<std::string> others;
    for (int i = 0; i < 3; ++i) others.push_back(open_in(there));
    own = open_in(here);
    ASSERT_NE(own, "");
    EXPECT_FALSE(there.take(others[0], "alice")) << "it made room";
    for (const std::string& id : {others[1], others[2]}) {
      EXPECT_FALSE(here.take(id, "alice")) << "it is no enumeration of this protocol";
      EXPECT_FALSE(here.release(id, "alice"));
      EXPECT_TRUE(there.take(id, "alice"));
    }
    EXPECT_FALSE(there.take(own, "alice"));
    EXPECT_EQ(here.size(), 3U);
  }
  EXPECT_EQ(here.size(), 1U) << "the other's went with it";
  EXPECT_TRUE(here.take(own, "alice"));
}

TEST_F(ContextsTest, WhatExpiredInOneProtocolIsForgottenByAnother) {
  const auto store = std::make_shared<ContextStore>();
  Contexts there{{.idle = 10min}, [this] { return now; }, store};
  Contexts here{{.idle = 10min}, [this] { return now; }, store};
  const auto context_of = [&](const char* user) {
    auto context = std::make_unique<Context>();
    context->account = ledger.account(Ledger::Payer::principal, user);
    context->owner = user;
    return context;
  };
  for (const char* user : {"alice", "alice", "alice", "bob", "bob"})
    there.give_back(there.open(context_of(user), {}).value(), false);
  EXPECT_FALSE(here.open(context_of("carol"), {}));
  now += 10min;
  EXPECT_TRUE(here.open(context_of("carol"), {}));
}

TEST_F(ContextsTest, AreLimitedInAll) {
  for (const char* user : {"alice", "alice", "alice", "bob", "bob"}) EXPECT_NE(open(user), "");
  EXPECT_EQ(open("carol"), "") << "nobody else's makes room";
  EXPECT_NE(open("bob"), "");
  EXPECT_EQ(contexts.size(), 5U);
  now += 10min;
  EXPECT_NE(open("carol"), "") << "those that nobody pulls from are forgotten";
  EXPECT_EQ(contexts.size(), 1U);
}

TEST_F(ContextsTest, ExpireWhenIdleOrAtTheirTime) {
  const std::string idle = open("alice");
  const std::string timed = open("alice", 15min);
  now += 9min;
  for (const std::string& id : {idle, timed}) {
    const auto taken = contexts.take(id, "alice");
    ASSERT_TRUE(taken);
    contexts.give_back(*taken, false);
  }
  now += 7min;
  EXPECT_EQ(refusal(timed, "alice"), Failure::not_found);
  const auto taken = contexts.take(idle, "alice");
  ASSERT_TRUE(taken);
  now += 1h;
  EXPECT_EQ(refusal(idle, "alice"), Failure::invalid_state) << "one in use does not expire";
  contexts.give_back(*taken, false);
  EXPECT_TRUE(contexts.take(idle, "alice"));
}

TEST_F(ContextsTest, EndWhenTheLastItemsHaveArrived) {
  const std::string id = open("alice");
  const auto taken = contexts.take(id, "alice");
  ASSERT_TRUE(taken);
  contexts.give_back(*taken, true);
  EXPECT_EQ(refusal(id, "alice"), Failure::not_found);
  contexts.finish(*taken, true, {});
  EXPECT_EQ(contexts.size(), 0U);
}

TEST_F(ContextsTest, ItemsOfAnAnswerThatCameTooLateComeAgain) {
  const std::string id = open("alice");
  const auto taken = contexts.take(id, "alice");
  ASSERT_TRUE(taken);
  contexts.give_back(*taken, true);
  std::vector<cim::Instance> sent(2, cim::Instance(setting_data));
  sent[0].set("InstanceID", std::string("1"));
  contexts.finish(*taken, false, std::move(sent));
  const auto again = contexts.take(id, "alice");
  ASSERT_TRUE(again);
  ASSERT_EQ((*again)->pending.size(), 2U);
  EXPECT_EQ((*again)->pending.items().front()["InstanceID"], cim::Value(std::string("1")));
}

TEST_F(ContextsTest, AreRenewedAndTellWhatIsLeft) {
  const std::string id = open("alice", 5min);
  const std::string endless = open("alice");
  now += 1min;
  EXPECT_EQ(contexts.remaining(id, "alice").value(), Contexts::Clock::duration(4min));
  EXPECT_EQ(contexts.remaining(endless, "alice").value(), std::nullopt);
  EXPECT_TRUE(contexts.renew(id, "alice", 8min));
  EXPECT_EQ(contexts.remaining(id, "alice").value(), Contexts::Clock::duration(8min));
  EXPECT_EQ(contexts.remaining(id, "bob").error().kind, Failure::not_found);
  EXPECT_EQ(contexts.renew("uuid:nonsense", "alice", 8min).error().kind, Failure::not_found);
  now += 8min;
  EXPECT_EQ(contexts.renew(id, "alice", 8min).error().kind, Failure::not_found) << "what has expired stays so";
}

TEST_F(ContextsTest, MayAskToBeForgottenSooner) {
  auto context = std::make_unique<Context>();
  context->owner = "alice";
  const auto opened = contexts.open(std::move(context), {{}, 30s});
  ASSERT_TRUE(opened);
  contexts.give_back(*opened, false);
  now += 29s;
  contexts.give_back(contexts.take((*opened)->id, "alice").value(), false);
  now += 30s;
  EXPECT_EQ(refusal((*opened)->id, "alice"), Failure::not_found);
}

}  // namespace
}  // namespace vmms::wire::enumeration
