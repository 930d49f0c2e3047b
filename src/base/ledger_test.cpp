#include "base/ledger.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace vmms {
namespace {

using Item = Ledger::Item;
using Payer = Ledger::Payer;

Ledger::Options small() {
  Ledger::Options options;
  options.bytes = 800;
  options.bytes_of_principal = 300;
  options.bytes_of_address = 100;
  options.bytes_of_machine = 200;
  options.bounds[static_cast<std::size_t>(Item::job)] = {.principal = 3, .all = 8};
  return options;
}

TEST(Ledger, AChargeEndsWithTheThing) {
  Ledger ledger(small());
  const AccountPtr alice = ledger.account(Payer::principal, "vmms\\alice");
  {
    Charge charge = alice->charge(Item::body, 100).value();
    EXPECT_EQ(ledger.bytes(), 100u);
    Charge moved = std::move(charge);
    EXPECT_EQ(alice->bytes(), 100u);
    EXPECT_EQ(alice->number(Item::body), 1u);
    ASSERT_TRUE(moved.resize(40));
    EXPECT_EQ(alice->bytes(), 40u);
    moved = Charge();
    EXPECT_EQ(alice->bytes(), 0u);
  }
  EXPECT_EQ(ledger.bytes(), 0u);
  EXPECT_EQ(ledger.number(Item::body), 0u);
}

TEST(Ledger, NobodyHasMoreThanTheShareOfOne) {
  Ledger ledger(small());
  const AccountPtr alice = ledger.account(Payer::principal, "vmms\\alice");
  Charge body = alice->charge(Item::body, 250).value();
  EXPECT_EQ(alice->charge(Item::answer, 100).error().kind, Failure::busy);
  EXPECT_FALSE(body.grow(51));
  EXPECT_EQ(body.bytes(), 250u);
  EXPECT_EQ(alice->number(Item::answer), 0u) << "what is refused leaves nothing";
  EXPECT_TRUE(body.grow(50));
  EXPECT_TRUE(ledger.account(Payer::principal, "vmms\\bob")->charge(Item::body, 300));
}

TEST(Ledger, GuestsTogetherLeaveHalfToTheirUsers) {
  Ledger ledger(small());
  std::vector<Charge> told;
  for (int i = 0; i < 2; ++i)
    told.push_back(ledger.account(Payer::machine, std::to_string(i))->charge(Item::guest_data, 200).value());
  const AccountPtr another = ledger.account(Payer::machine, "2");
  EXPECT_EQ(another->charge(Item::guest_data, 1).error().kind, Failure::busy);
  EXPECT_EQ(another->bytes(), 0u);
  EXPECT_EQ(another->number(Item::guest_data), 0u);
  EXPECT_TRUE(ledger.account(Payer::principal, "vmms\\alice")->charge(Item::body, 300));
  told.pop_back();
  EXPECT_TRUE(another->charge(Item::guest_data, 200));
}

TEST(Ledger, ItemsAreBoundedInNumber) {
  Ledger ledger(small());
  const AccountPtr alice = ledger.account(Payer::principal, "vmms\\alice");
  std::vector<Charge> jobs;
  for (int i = 0; i < 3; ++i) jobs.push_back(alice->charge(Item::job).value());
  const auto refused = alice->charge(Item::job);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "there are 3 jobs of user vmms\\alice already, the most for one; try again when some have ended");
  jobs.pop_back();
  EXPECT_TRUE(alice->charge(Item::job));
}

TEST(Ledger, SomeIsKeptForTheAdministrator) {
  Ledger ledger(small());
  std::vector<Charge> charges;
  for (const char* name : {"a", "b", "c"}) {
    const AccountPtr account = ledger.account(Payer::principal, name);
    for (int i = 0; i < 3; ++i)
      if (auto charge = account->charge(Item::job, 100)) charges.push_back(std::move(*charge));
  }
  EXPECT_EQ(charges.size(), 7u);
  EXPECT_EQ(ledger.bytes(), 700u);
  EXPECT_FALSE(ledger.account(Payer::principal, "d")->charge(Item::body, 1));
  const AccountPtr root = ledger.account(Payer::administrator, "local\\root");
  EXPECT_TRUE(root->charge(Item::job, 100));
  EXPECT_FALSE(root->charge(Item::job, 101));
}

TEST(Ledger, AnAccountIsTheSameWhileSomebodyHoldsIt) {
  Ledger ledger(small());
  AccountPtr alice = ledger.account(Payer::principal, "vmms\\alice");
  EXPECT_EQ(alice, ledger.account(Payer::principal, "vmms\\alice"));
  EXPECT_NE(alice, ledger.account(Payer::address, "vmms\\alice"));
  const Charge charge = alice->charge(Item::body, 10).value();
  alice.reset();
  EXPECT_EQ(ledger.account(Payer::principal, "vmms\\alice")->bytes(), 10u);
}

TEST(Ledger, CountsOfManyThreadsEndAtNothing) {
  Ledger ledger(small());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&ledger, t] {
      for (int i = 0; i < 2000; ++i) {
        const AccountPtr account = ledger.account(Payer::principal, std::to_string((i + t) % 3));
        if (auto charge = account->charge(Item::job, 60)) {
          (void)charge->grow(50);
          EXPECT_LE(account->bytes(), 300u + 4 * 60u);
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ledger.bytes(), 0u);
  EXPECT_EQ(ledger.number(Item::job), 0u);
}

TEST(Ledger, AQuarterOfTheMemoryIsTheDefault) {
  EXPECT_GT(available_memory(), std::size_t{1} << 24);
  EXPECT_EQ(Ledger().most_bytes(), std::max(available_memory() / 4, std::size_t{64} << 20));
}

}  // namespace
}  // namespace vmms
