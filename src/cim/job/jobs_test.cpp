#include "cim/job/jobs.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace vmms::cim::job {
namespace {

using Task = std::function<void()>;

// Keeps tasks until the test runs them, so that a job can be seen while it runs.
struct Queue {
  std::vector<Task> tasks;
  Jobs::Submit submit() {
    return [this](const AccountPtr&, std::string_view, Task task) -> Status {
      tasks.push_back(std::move(task));
      return {};
    };
  }
  void run() {
    for (Task& task : std::exchange(tasks, {})) task();
  }
};

Context by(const std::string& name, AccountPtr account = nullptr) {
  Context context;
  context.principal = std::make_shared<Principal>(Principal{.realm = users_realm, .name = name});
  context.account = std::move(account);
  return context;
}

Ledger::Options few_jobs(std::size_t of_one) {
  Ledger::Options options;
  options.bounds[static_cast<std::size_t>(Ledger::Item::job)] = {.principal = of_one};
  return options;
}

class StoreFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("vmms-jobs-" + std::to_string(::getpid()) +
                                                        testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file() const { return (folder_ / "jobs.sqlite").string(); }

 private:
  std::filesystem::path folder_;
};

TEST(Jobs, RunsToCompletion) {
  Queue queue;
  auto jobs = Jobs::open("", queue.submit()).value();
  const Job job =
      jobs->start("Starting", by("alice"), "Msvm_ComputerSystem.Name=\"X\"", "X", [] { return Status(); }).value();
  EXPECT_EQ(jobs->find(job.id)->state, State::running);
  queue.run();
  const Job ended = *jobs->find(job.id);
  EXPECT_EQ(ended.state, State::completed);
  EXPECT_EQ(ended.percent, 100);
  EXPECT_EQ(ended.error_code, 0);
  EXPECT_EQ(ended.owner, "vmms\\alice");
}

TEST(Jobs, FailureIsTheJobsError) {
  Queue queue;
  auto jobs = Jobs::open("", queue.submit()).value();
  const Job job =
      jobs->start("c", by("o"), "", "", [] { return Status(error(Failure::invalid_state, "it is off")); }).value();
  queue.run();
  EXPECT_EQ(jobs->find(job.id)->state, State::exception);
  EXPECT_EQ(jobs->find(job.id)->error_code, 32775);
  EXPECT_EQ(jobs->find(job.id)->error_text, "it is off");
}

TEST(Jobs, WhoeverWaitsForTheEndFindsAJobThatHasEnded) {
  Queue queue;
  auto jobs = Jobs::open("", queue.submit()).value();
  std::string id;
  std::vector<State> seen;
  const auto ended = [&](const Status& outcome) {
    EXPECT_EQ(outcome.has_value(), seen.empty());
    seen.push_back(jobs->find(id)->state);
  };
  id = jobs->start(
               {}, "", [](Control&) { return Status(); }, ended)
           ->id;
  queue.run();
  id = jobs->start(
               {}, "", [](Control&) -> Status { throw std::runtime_error("broken"); }, ended)
           ->id;
  queue.run();
  EXPECT_EQ(seen, (std::vector<State>{State::completed, State::exception}));
}

TEST(Jobs, RefusesMoreThanTheBound) {
  Queue queue;
  auto jobs = Jobs::open("", queue.submit(), 2).value();
  const auto nothing = [] { return Status(); };
  EXPECT_TRUE(jobs->start("1", {}, "", "", nothing));
  EXPECT_TRUE(jobs->start("2", {}, "", "", nothing));
  const auto third = jobs->start("3", {}, "", "", nothing);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().kind, Failure::busy);
}

TEST(Jobs, RefusedWorkIsAnException) {
  auto jobs = Jobs::open("", [](const AccountPtr&, std::string_view, Task) -> Status {
                return error(Failure::busy, "full");
              }).value();
  EXPECT_EQ(jobs->start("c", {}, "", "", [] { return Status(); }).error().message, "full");
  ASSERT_EQ(jobs->list("", 10).size(), 1u);
  EXPECT_EQ(jobs->list("", 10)[0].state, State::exception);
}

TEST(Jobs, ListsInPages) {
  Queue queue;
  auto jobs = Jobs::open("", queue.submit()).value();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(jobs->start("c", {}, "", "", [] { return Status(); }));
  std::vector<Job> all;
  std::string after;
  for (auto page = jobs->list(after, 3); !page.empty(); page = jobs->list(after, 3)) {
    all.insert(all.end(), page.begin(), page.end());
    after = page.back().id;
  }
  ASSERT_EQ(all.size(), 10u);
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1].id, all[i].id);
}

TEST_F(StoreFile, EndedJobsSurviveAndRunningOnesBecomeExceptions) {
  Queue queue;
  std::string ended, running;
  {
    auto jobs = Jobs::open(file(), queue.submit()).value();
    ended = jobs->start("c", by("alice"), "p", "", [] { return Status(); }).value().id;
    queue.run();
    running = jobs->start("c", by("alice"), "p", "", [] { return Status(); }).value().id;
  }
  auto jobs = Jobs::open(file(), queue.submit()).value();
  EXPECT_EQ(jobs->find(ended)->state, State::completed);
  EXPECT_EQ(jobs->find(ended)->owner, "vmms\\alice");
  EXPECT_EQ(jobs->find(running)->state, State::exception);
  EXPECT_NE(jobs->find(running)->error_text.find("vmmsd ended"), std::string::npos);
}

TEST(Jobs, WorkTellsHowFarItIsAndCanBeCancelled) {
  Queue queue;
  auto jobs = Jobs::open("", queue.submit()).value();
  Description description{"Copying", "alice", "", "Some_Job", "detail", true};
  std::string id;
  int rounds = 0;
  id = jobs->start(description, "",
                   [&](Control& control) -> Status {
                     for (; !control.cancelled(); ++rounds) {
                       control.percent(static_cast<std::uint16_t>(rounds * 60));
                       EXPECT_EQ(jobs->find(id)->percent, rounds == 0 ? 0 : rounds == 1 ? 60 : 99);
                       if (rounds == 2) {
                         EXPECT_TRUE(jobs->cancel(id, State::terminated));
                         EXPECT_EQ(jobs->find(id)->state, State::shutting_down);
                       }
                     }
                     return error(Failure::invalid_state, "cancelled");
                   })
           .value()
           .id;
  EXPECT_EQ(jobs->find(id)->detail, "detail");
  queue.run();
  EXPECT_EQ(rounds, 3);
  EXPECT_EQ(jobs->find(id)->state, State::terminated);
  EXPECT_EQ(jobs->cancel(id, State::killed).error().kind, Failure::invalid_state);
  EXPECT_EQ(jobs->cancel("X", State::killed).error().kind, Failure::not_found);
  const Job other = jobs->start("c", {}, "", "", [] { return Status(); }).value();
  EXPECT_EQ(jobs->cancel(other.id, State::killed).error().kind, Failure::not_supported);
}

TEST(Jobs, WorkThatEndsAfterAllIsComplete) {
  Queue queue;
  auto jobs = Jobs::open("", queue.submit()).value();
  const Job job = jobs->start(Description{"c", "", "", "", "", true}, "", [](Control&) { return Status(); }).value();
  ASSERT_TRUE(jobs->cancel(job.id, State::killed));
  queue.run();
  EXPECT_EQ(jobs->find(job.id)->state, State::completed);
}

TEST_F(StoreFile, WhatAnInterruptedJobLeftIsKnownUntilItIsForgotten) {
  Queue queue;
  std::string id;
  {
    auto jobs = Jobs::open(file(), queue.submit()).value();
    const Description description{"Copying", "alice", "path", "Some_Job", "first\nsecond", true};
    id = jobs->start(description, "",
                     [&](Control& control) -> Status {
                       control.leave_behind("a part");
                       jobs.reset();  // the process dies here
                       return {};
                     })
             .value()
             .id;
    queue.run();
  }
  for (int i = 0; i < 2; ++i) {
    auto jobs = Jobs::open(file(), queue.submit()).value();
    ASSERT_EQ(jobs->interrupted("Some_Job").size(), 1u);
    EXPECT_TRUE(jobs->interrupted("Another_Job").empty());
    const Job job = jobs->interrupted("Some_Job")[0];
    EXPECT_EQ(job.id, id);
    EXPECT_EQ(job.left_behind, "a part");
    EXPECT_EQ(job.detail, "first\nsecond");
    EXPECT_EQ(job.state, State::exception);
    if (i == 1) jobs->forget_left_behind(id);
  }
  auto jobs = Jobs::open(file(), queue.submit()).value();
  EXPECT_TRUE(jobs->interrupted("Some_Job").empty());
}

TEST_F(StoreFile, AStoreOfTheFirstVersionIsConverted) {
  sqlite3* store = nullptr;
  ASSERT_EQ(sqlite3_open(file().c_str(), &store), SQLITE_OK);
  ASSERT_EQ(
      sqlite3_exec(store,
                   "CREATE TABLE job (id TEXT PRIMARY KEY, caption TEXT NOT NULL, owner TEXT NOT NULL, affected "
                   "TEXT NOT NULL, state INTEGER NOT NULL, percent INTEGER NOT NULL, error_code INTEGER NOT NULL, "
                   "error_text TEXT NOT NULL, submitted INTEGER NOT NULL, changed INTEGER NOT NULL) STRICT;"
                   "INSERT INTO job VALUES ('ID','c','o','a',4,0,0,'',0,0); PRAGMA user_version=1",
                   nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(store);
  Queue queue;
  const auto jobs = Jobs::open(file(), queue.submit());
  ASSERT_TRUE(jobs) << jobs.error().message;
  EXPECT_EQ((*jobs)->find("ID")->state, State::exception);
}

TEST_F(StoreFile, WorkThatOutlivesTheStoreIsHarmless) {
  Queue queue;
  {
    auto jobs = Jobs::open(file(), queue.submit()).value();
    ASSERT_TRUE(jobs->start("c", {}, "", "", [] { return Status(); }));
  }
  queue.run();
}

TEST_F(StoreFile, AFileThatIsNoStoreIsAnErrorThatNamesIt) {
  FILE* broken = fopen(file().c_str(), "w");
  fputs(std::string(4096, 'x').c_str(), broken);
  fclose(broken);
  Queue queue;
  const auto jobs = Jobs::open(file(), queue.submit());
  ASSERT_FALSE(jobs);
  EXPECT_NE(jobs.error().message.find(file()), std::string::npos);
}

TEST(Jobs, ConcurrentStartsAndReads) {
  auto jobs = Jobs::open("", [](const AccountPtr&, std::string_view, Task task) -> Status {
                task();
                return {};
              }).value();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) {
        const auto job = jobs->start("c", {}, "", "", [] { return Status(); });
        EXPECT_EQ(jobs->find(job.value().id)->state, State::completed);
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(jobs->list("", 1000).size(), 400u);
}

TEST(Jobs, EndedOnesOfTheSameOwnerMakeRoomFirst) {
  Queue queue;
  Ledger ledger(few_jobs(3));
  auto jobs = Jobs::open("", queue.submit()).value();
  const auto alice = by("alice", ledger.account(Ledger::Payer::principal, "vmms\\alice"));
  const auto bob = by("bob", ledger.account(Ledger::Payer::principal, "vmms\\bob"));
  const auto nothing = [] { return Status(); };
  const Job others = jobs->start("c", bob, "", "", nothing).value();
  std::vector<Job> mine;
  for (int i = 0; i < 3; ++i) mine.push_back(jobs->start("c", alice, "", "", nothing).value());
  const auto refused = jobs->start("c", alice, "", "", nothing);
  ASSERT_FALSE(refused) << "all three are at work";
  EXPECT_EQ(refused.error().kind, Failure::busy);
  EXPECT_TRUE(jobs->start("c", bob, "", "", nothing)) << "somebody else's quota is his own";
  queue.run();
  ASSERT_TRUE(jobs->start("c", alice, "", "", nothing));
  EXPECT_FALSE(jobs->find(mine[0].id)) << "the one that ended first makes room";
  EXPECT_TRUE(jobs->find(mine[1].id));
  EXPECT_TRUE(jobs->find(others.id));
}

TEST(Jobs, WhoeverHasMostMakesRoomForOthers) {
  Queue queue;
  auto jobs = Jobs::open("", queue.submit(), 6).value();
  const auto nothing = [] { return Status(); };
  const Job bobs = jobs->start("c", by("bob"), "", "", nothing).value();
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(jobs->start("c", by("alice"), "", "", nothing));
    queue.run();
  }
  ASSERT_TRUE(jobs->start("c", by("carol"), "", "", nothing));
  EXPECT_TRUE(jobs->find(bobs.id));
  EXPECT_EQ(jobs->list("", 100).size(), 6u);
}

TEST(Jobs, ADetailIsBoundedAndPaidFor) {
  Queue queue;
  Ledger ledger;
  auto jobs = Jobs::open("", queue.submit()).value();
  Description description{.caption = "c", .owner = "vmms\\alice", .affected = {}};
  description.account = ledger.account(Ledger::Payer::principal, "vmms\\alice");
  description.detail = std::string(most_detail + 1, 'x');
  EXPECT_EQ(jobs->start(description, "", [](Control&) { return Status(); }).error().kind, Failure::invalid_argument);
  description.detail.pop_back();
  ASSERT_TRUE(jobs->start(description, "", [](Control&) { return Status(); }));
  EXPECT_GE(description.account->bytes(), most_detail);
  jobs.reset();
  EXPECT_EQ(description.account->bytes(), 0u);
}

TEST(Jobs, AJumpOfTheTimeOfDayForgetsNothing) {
  Queue queue;
  Jobs::Clock::time_point time = Jobs::Clock::now();
  auto jobs = Jobs::open("", queue.submit(), 100, [&time] { return time; }).value();
  const auto nothing = [] { return Status(); };
  const Job job = jobs->start("c", {}, "", "", nothing).value();
  queue.run();
  time += kept_after_end - std::chrono::seconds(1);
  ASSERT_TRUE(jobs->start("c", {}, "", "", nothing));
  EXPECT_TRUE(jobs->find(job.id));
  time += std::chrono::seconds(2);
  ASSERT_TRUE(jobs->start("c", {}, "", "", nothing));
  EXPECT_FALSE(jobs->find(job.id));
}

TEST(Jobs, WorkThatThrowsEndsItsJob) {
  Queue queue;
  auto jobs = Jobs::open("", queue.submit()).value();
  const Job job = jobs->start("c", {}, "", "", []() -> Status { throw std::bad_alloc(); }).value();
  queue.run();
  EXPECT_EQ(jobs->find(job.id)->state, State::exception);
}

TEST_F(StoreFile, WhatCannotBeStoredIsRefused) {
  Queue queue;
  auto jobs = Jobs::open(file(), queue.submit()).value();
  const auto nothing = [] { return Status(); };
  Description cancellable{.caption = "c", .owner = "o", .affected = {}, .cancellable = true};
  const Job running = jobs->start(cancellable, "", [](Control&) { return Status(); }).value();
  // Another process holds the store for good: as a full disk, it takes nothing.
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto refused = jobs->start("c", {}, "", "", nothing);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::failed);
  EXPECT_NE(refused.error().message.find("job store"), std::string::npos);
  EXPECT_EQ(jobs->list("", 10).size(), 1u);
  EXPECT_FALSE(jobs->cancel(running.id, State::terminated));
  EXPECT_EQ(jobs->find(running.id)->state, State::running);
  queue.run();  // it ends all the same
  EXPECT_EQ(jobs->find(running.id)->state, State::completed);
  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  ASSERT_TRUE(jobs->start("c", {}, "", "", nothing));
  jobs.reset();
  jobs = Jobs::open(file(), queue.submit()).value();
  EXPECT_EQ(jobs->find(running.id)->state, State::completed) << "its end was written when that worked again";
}

}  // namespace
}  // namespace vmms::cim::job
