#include "guest/system/freeze.hpp"

#include "base/thread.hpp"
#include "guest/testing/fake_agent.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <new>
#include <thread>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;

Clock::time_point soon() { return Clock::now() + 30s; }

/// An agent that only freezes and thaws, and writes down in which order; marks as well.
class Freezer : public Transport {
 public:
  bool connected() const override { return true; }
  std::uint64_t connection() const override { return 1; }
  Result<std::string> command(std::string_view json, Clock::time_point) override {
    const std::lock_guard lock(mutex_);
    const bool freeze = json.find("fsfreeze-freeze") != std::string_view::npos;
    if (!freeze && exhausted_ > 0) {
      --exhausted_;
      throw std::bad_alloc();
    }
    if (!freeze && failures_ > 0) {
      --failures_;
      return error(Failure::unreachable, "silent");
    }
    done_ += freeze ? "F" : "T";
    return refuses_ && freeze ? R"({"error":{"class":"GenericError","desc":"cannot"}})" : R"({"return":2})";
  }
  Freeze::Mark mark() {
    return [this](bool frozen) -> Status {
      const std::lock_guard lock(mutex_);
      done_ += frozen ? "+" : "-";
      return {};
    };
  }
  std::string done() const {
    const std::lock_guard lock(mutex_);
    return done_;
  }
  int failures_ = 0;   ///< of the next thaws
  int exhausted_ = 0;  ///< next thaws that find no memory
  bool refuses_ = false;

 private:
  mutable std::mutex mutex_;
  std::string done_;
};

class FreezeTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Freeze>> begin(std::chrono::seconds most = 30s) {
    return Freeze::begin(system_, transport_->mark(), most, soon());
  }
  std::shared_ptr<Freezer> transport_ = std::make_shared<Freezer>();
  std::shared_ptr<System> system_ = std::make_shared<System>(transport_, std::make_shared<AbandonedProcesses>());
};

TEST_F(FreezeTest, IsMarkedBeforeAndUnmarkedAfter) {
  auto freeze = begin();
  ASSERT_TRUE(freeze);
  EXPECT_EQ((*freeze)->count(), 2U);
  EXPECT_EQ(transport_->done(), "+F");
  EXPECT_TRUE((*freeze)->thaw());
  EXPECT_EQ(transport_->done(), "+FT-");
  freeze->reset();
  EXPECT_EQ(transport_->done(), "+FT-");
}

TEST_F(FreezeTest, ItsEndThaws) {
  begin().value().reset();
  EXPECT_EQ(transport_->done(), "+FT-");
}

TEST_F(FreezeTest, NeverLastsLongerThanAllowed) {
  auto freeze = begin(1s);
  ASSERT_TRUE(freeze);
  const auto begun = Clock::now();
  while (transport_->done() != "+FT-" && Clock::now() - begun < 10s) std::this_thread::sleep_for(5ms);
  EXPECT_LT(Clock::now() - begun, 3s);
  const Status thawed = (*freeze)->thaw();
  ASSERT_FALSE(thawed) << "the picture is not whole";
  EXPECT_EQ(thawed.error().kind, Failure::timed_out);
}

TEST_F(FreezeTest, ThawsAgainUntilTheGuestAnswers) {
  auto freeze = begin();
  transport_->failures_ = 3;
  EXPECT_TRUE((*freeze)->thaw());
  EXPECT_EQ(transport_->done(), "+FT-");
}

TEST_F(FreezeTest, AGuestThatFailsToFreezeIsThawed) {
  transport_->refuses_ = true;
  const auto freeze = begin();
  ASSERT_FALSE(freeze);
  EXPECT_EQ(transport_->done(), "+FT-");
}

TEST_F(FreezeTest, NothingIsFrozenThatNobodyCouldThaw) {
  limit_threads(0);
  const auto freeze = begin();
  limit_threads(std::numeric_limits<std::size_t>::max());
  ASSERT_FALSE(freeze);
  EXPECT_EQ(freeze.error().kind, Failure::busy);
  EXPECT_EQ(transport_->done(), "+-");
}

TEST_F(FreezeTest, ItsEndThawsAlsoWhenMemoryIsShort) {
  auto freeze = begin();
  ASSERT_TRUE(freeze);
  transport_->exhausted_ = 2;
  freeze->reset();
  EXPECT_EQ(transport_->done(), "+FT-");
}

}  // namespace
}  // namespace vmms::guest
