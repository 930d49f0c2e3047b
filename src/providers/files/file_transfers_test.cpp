#include "providers/files/file_transfers.hpp"

#include "testing/test_fleet.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vmms::providers {
namespace {

/// Of a host that is broken, so that each job ends at once.
class FileTransfersTest : public testing::Providers {
 protected:
  FileTransfersTest() {
    context_.account = ledger_.account(Ledger::Payer::principal, "somebody");
    host_.broken = true;
  }

  Ledger ledger_;
  const std::shared_ptr<const hypervisor::VirtualMachine> machine_ = host_.machines().find(id("alpha"));
  FileTransfers transfers_{environment_};
};

TEST_F(FileTransfersTest, WhatIsThrownInAJobEndsItsTransfer) {
  for (std::size_t i = 0; i < 2 * FileTransfers::most_of_machine; ++i) {
    Transfer::Request request;
    request.path = "/tmp/x";
    request.size = 1;
    request.pieces = {{0, 1}};
    const auto opened = transfers_.open(context_, *machine_, std::move(request));
    ASSERT_TRUE(opened) << i << ": " << opened.error().message;
    const auto job = jobs_->find(opened->job.value("InstanceID"));
    ASSERT_TRUE(job);
    EXPECT_EQ(job->state, cim::job::State::exception);
    const Status written = transfers_.with(context_, machine_->id, opened->id, [](Transfer& transfer) {
      return transfer.write(0, "x", guest::Clock::now() + std::chrono::seconds(10));
    });
    EXPECT_EQ(written.error().kind, Failure::internal) << "a call is told, and does not wait";
  }
  EXPECT_EQ(context_.account->number(Ledger::Item::transfer), 0U);
}

TEST_F(FileTransfersTest, OfThoseThatHaveEndedOnlySoManyAreKept) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 3 * FileTransfers::most_kept_after_end; ++i) {
    Transfer::Request request;
    request.path = "/tmp/x";
    const auto opened = transfers_.open(context_, *machine_, std::move(request));
    ASSERT_TRUE(opened) << i << ": " << opened.error().message;
    ids.push_back(opened->id);
  }
  const auto known = [&](const std::string& transfer) {
    const Status told = transfers_.with(context_, machine_->id, transfer, [](Transfer& found) {
      return found.commit(0, std::string(64, '0'), guest::Clock::now());
    });
    return told.error().kind != Failure::not_found;
  };
  EXPECT_EQ(static_cast<std::size_t>(std::count_if(ids.begin(), ids.end(), known)), FileTransfers::most_kept_after_end);
  EXPECT_TRUE(known(ids.back())) << "the newest are kept";
  EXPECT_FALSE(known(ids.front()));
}

}  // namespace
}  // namespace vmms::providers
