#include "providers/file_transfers.hpp"

#include "providers/test_fleet.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace vmms::providers
