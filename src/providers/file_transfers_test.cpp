#include "providers/file_transfers.hpp"

#include "providers/test_fleet.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vmms::providers {
namespace {

class FileTransfersTest : public testing::Providers {};

TEST_F(FileTransfersTest, WhatIsThrownInAJobEndsItsTransfer) {
  FileTransfers transfers(environment_);
  Ledger ledger;
  context_.account = ledger.account(Ledger::Payer::principal, "somebody");
  const auto machine = host_.find(id("alpha"));
  ASSERT_TRUE(machine);
  host_.broken = true;
  for (std::size_t i = 0; i < 2 * FileTransfers::most_of_machine; ++i) {
    Transfer::Request request;
    request.path = "/tmp/x";
    request.size = 1;
    request.pieces = {{0, 1}};
    const auto opened = transfers.open(context_, *machine, std::move(request));
    ASSERT_TRUE(opened) << i << ": " << opened.error().message;
    const auto job = jobs_->find(opened->job.value("InstanceID"));
    ASSERT_TRUE(job);
    EXPECT_EQ(job->state, cim::job::State::exception);
    const Status written = transfers.with(context_, machine->id, opened->id, [](Transfer& transfer) {
      return transfer.write(0, "x", guest::Clock::now() + std::chrono::seconds(10));
    });
    EXPECT_EQ(written.error().kind, Failure::internal) << "a call is told, and does not wait";
  }
  EXPECT_EQ(context_.account->number(Ledger::Item::transfer), 0U);
}

TEST_F(FileTransfersTest, OfThoseThatHaveEndedOnlySoManyAreKept) {
  FileTransfers transfers(environment_);
  Ledger ledger;
  context_.account = ledger.account(Ledger::Payer::principal, "somebody");
  const auto machine = host_.find(id("alpha"));
  ASSERT_TRUE(machine);
  host_.broken = true;  // each ends at once
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 3 * FileTransfers::most_kept_after_end; ++i) {
    Transfer::Request request;
    request.path = "/tmp/x";
    const auto opened = transfers.open(context_, *machine, std::move(request));
    ASSERT_TRUE(opened) << i << ": " << opened.error().message;
    ids.push_back(opened->id);
  }
  const auto known = [&](const std::string& transfer) {
    const Status told = transfers.with(context_, machine->id, transfer, [](Transfer& found) {
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
