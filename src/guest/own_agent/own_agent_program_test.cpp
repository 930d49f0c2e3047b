// The program itself (agent/), on this machine: pseudo-terminals are its ports. There is no systemd for it here.
#include "base/content_hash.hpp"
#include "guest/own_agent/own_agent_session.hpp"
#include "guest/testing/child_process.hpp"
#include "guest/testing/fd_port.hpp"

#include <elf.h>
#include <gtest/gtest.h>

#include <future>
#include <optional>
#include <sstream>
#include <thread>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;

Clock::time_point soon() { return Clock::now() + 30s; }

std::string program() {
  std::ifstream file(VMMS_AGENT_PROGRAM, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(OwnAgentProgram, IsSmallAndNeedsNoLibrary) {
  const std::string bytes = program();
  ASSERT_GT(bytes.size(), sizeof(Elf64_Ehdr));
  EXPECT_LT(bytes.size(), std::size_t{3} << 20);
  const auto* head = reinterpret_cast<const Elf64_Ehdr*>(bytes.data());
  for (unsigned i = 0; i < head->e_phnum; ++i) {
    const auto* part = reinterpret_cast<const Elf64_Phdr*>(bytes.data() + head->e_phoff + i * sizeof(Elf64_Phdr));
    EXPECT_NE(part->p_type, PT_INTERP);
    // It relocates itself, since its place in memory is chosen at each start, and names no library to be loaded.
    if (part->p_type != PT_DYNAMIC) continue;
    const auto* entry = reinterpret_cast<const Elf64_Dyn*>(bytes.data() + part->p_offset);
    for (; entry->d_tag != DT_NULL; ++entry) EXPECT_NE(entry->d_tag, DT_NEEDED);
  }
}

class OwnAgentProgramTest : public testing::Test {
 protected:
  OwnAgentProgramTest() {
    // It removes its file when the host ends it.
    directory_.write("vmms-agent", program(), true);
    std::string device;
    auto port = std::make_unique<FdPort>(FdPort::open_terminal(device), device);
    agent_.emplace(std::vector<std::string>{directory_ / "vmms-agent", device, "build", "unix:path=/nonexistent"},
                   std::vector<std::string>{});
    const auto session = OwnAgentSession::begin(std::move(port), "build", soon());
    EXPECT_TRUE(session) << session.error().message;
    if (session) session_ = *session;
  }
  ~OwnAgentProgramTest() override {
    if (session_) session_->end(false, "the test is over");
  }
  /// User and system time of the program, in ticks of 10 ms.
  long ticks() const {
    std::ifstream file("/proc/" + std::to_string(agent_->id()) + "/stat");
    std::string text(std::istreambuf_iterator<char>(file), {});
    std::istringstream words(text.substr(text.rfind(')') + 2));
    std::string word;
    for (int i = 0; i < 11; ++i) words >> word;
    long user = 0;
    long system = 0;
    words >> user >> system;
    return user + system;
  }

  TemporaryDirectory directory_;
  std::optional<ChildProcess> agent_;
  std::shared_ptr<OwnAgentSession> session_;
};

TEST_F(OwnAgentProgramTest, AnswersAlsoWithoutSystemd) {
  EXPECT_TRUE(session_->current(soon()));
  EXPECT_FALSE(session_->versions());
  EXPECT_EQ(session_->state("a.service", soon()).error().kind, Failure::unreachable);
  auto start = session_->start("a.service");
  ASSERT_TRUE(start);
  const auto ended = start->advance(soon());
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->error().kind, Failure::unreachable);
}

TEST_F(OwnAgentProgramTest, ReceivesAFileWithHoles) {
  std::string device;
  FdPort port(FdPort::open_terminal(device), device);
  std::string bytes;
  for (int i = 0; i < 300000; ++i) bytes += static_cast<char>(i * 7);
  auto copy = std::async(std::launch::async, [&] {
    return session_->receive_file(device, directory_ / "file", 1000000, {{10, 100000}, {500000, 200000}}, soon());
  });
  EXPECT_TRUE(port.write(bytes, soon()));
  const auto result = copy.get();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->bytes, 300000U);
  ContentHash hash(HashAlgorithm::sha256);
  hash.add(bytes);
  std::string hexadecimal;
  for (const std::uint8_t byte : result->sha256) {
    hexadecimal += "0123456789abcdef"[byte >> 4];
    hexadecimal += "0123456789abcdef"[byte & 15];
  }
  EXPECT_TRUE(same_hash(hash.finish(), "sha256:" + hexadecimal));
  EXPECT_EQ(directory_.read("file"), std::string(10, '\0') + bytes.substr(0, 100000) + std::string(399990, '\0') +
                                         bytes.substr(100000) + std::string(300000, '\0'));
}

TEST_F(OwnAgentProgramTest, SendsAPartOfAFile) {
  std::string device;
  FdPort port(FdPort::open_terminal(device), device);
  std::string bytes(200000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 13);
  directory_.write("file", bytes);
  auto copy = std::async(std::launch::async,
                         [&] { return session_->send_file(device, directory_ / "file", 100, 1000000, soon()); });
  std::string got;
  while (got.size() < bytes.size() - 100) {
    const auto part = port.read(65536, soon());
    ASSERT_TRUE(part) << part.error().message;
    got += *part;
  }
  EXPECT_EQ(got, bytes.substr(100));
  const auto result = copy.get();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->bytes, bytes.size() - 100);
}

TEST_F(OwnAgentProgramTest, WhatCannotBeCopiedIsToldAndCancelled) {
  EXPECT_NE(session_->send_file("/dev/null", directory_.path(), 0, 1, soon()).error().message.find("errno 21"),
            std::string::npos);
  EXPECT_NE(session_->receive_file("/dev/null", directory_ / "no/file", 0, {}, soon()).error().message.find("errno 2"),
            std::string::npos);
  std::string device;
  FdPort port(FdPort::open_terminal(device), device);
  EXPECT_EQ(session_->receive_file(device, directory_ / "file", 9, {{0, 9}}, soon(), [] { return true; }).error().kind,
            Failure::invalid_state);
  EXPECT_TRUE(session_->current(soon()));
}

TEST_F(OwnAgentProgramTest, EndsWhenItIsTold) {
  session_->end(true, "not wanted");
  EXPECT_EQ(agent_->wait(), 0);
  EXPECT_FALSE(std::filesystem::exists(directory_ / "vmms-agent"));
}

TEST_F(OwnAgentProgramTest, AHostThatIsGoneCostsNothingAndEndsItAfterAWhile) {
  session_->end(false, "the host dies");
  while (session_.use_count() > 1) std::this_thread::sleep_for(5ms);
  session_.reset();
  const auto begun = Clock::now();
  const long before = ticks();
  std::this_thread::sleep_for(3s);
  EXPECT_LE(ticks() - before, 5);
  agent_->wait();
  EXPECT_GT(Clock::now() - begun, 25s);
  EXPECT_LT(Clock::now() - begun, 60s);
}

}  // namespace
}  // namespace vmms::guest
