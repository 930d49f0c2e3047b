#include "daemon/log_sink.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

namespace vmms::daemon {
namespace {

using namespace std::chrono_literals;

class LogSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    descriptor_ = ::open(file_.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    ASSERT_GE(descriptor_, 0);
    sink_ = std::make_shared<LogSink>(descriptor_);
  }
  void TearDown() override {
    ::close(descriptor_);
    std::filesystem::remove(file_);
  }
  std::vector<std::string> lines() {
    EXPECT_TRUE(sink_->finish(10s));
    std::ifstream stream(file_);
    std::vector<std::string> found;
    for (std::string line; std::getline(stream, line);) found.push_back(line);
    return found;
  }
  const std::string file_ = std::filesystem::temp_directory_path() / ("vmms-log-" + std::to_string(getpid()));
  int descriptor_ = -1;
  std::shared_ptr<LogSink> sink_;
};

TEST_F(LogSinkTest, LinesOfManyThreadsStayWhole) {
  spdlog::logger logger("test", sink_);
  logger.set_pattern("%l %v");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) logger.info("{} {} {}", t, i, std::string(100, static_cast<char>('a' + t)));
    });
  for (std::thread& thread : threads) thread.join();
  logger.set_pattern("again %v");
  logger.warn("done");

  const auto all = lines();
  const std::set<std::string> found(all.begin(), all.end());
  EXPECT_EQ(found.size(), 2001u);
  EXPECT_TRUE(found.contains("again done"));
  for (int t = 0; t < 4; ++t)
    for (int i = 0; i < 500; ++i)
      EXPECT_TRUE(found.contains(fmt::format("info {} {} {}", t, i, std::string(100, static_cast<char>('a' + t)))));
}

TEST_F(LogSinkTest, ARecordIsOneLineWhateverItHolds) {
  spdlog::logger logger("test", sink_);
  logger.set_pattern("%l %v");
  logger.info("service 'x\n2026-01-01T00:00:00 info forged\r\x1b[2K\u2028\u202egnal\xff'");
  logger.info("{}", std::string(1 << 20, 'y'));
  const auto found = lines();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0], "info service 'x\\x0a2026-01-01T00:00:00 info forged\\x0d\\x1b[2K\\u2028\\u202egnal\\xff'");
  EXPECT_LT(found[1].size(), 20000u);
}

TEST(LogSink, WhoLogsDoesNotWaitForAFullPipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  auto sink = std::make_shared<LogSink>(ends[1], 64 << 10);
  spdlog::logger logger("test", sink);
  for (int i = 0; i < 5000; ++i) logger.info("line {} {}", i, std::string(100, 'x'));
  EXPECT_FALSE(sink->finish(50ms));
  std::string text;
  std::thread reader([&] {
    std::string part(65536, '\0');
    while (text.find("lines were dropped") == std::string::npos || text.back() != '\n') {
      const ssize_t size = ::read(ends[0], part.data(), part.size());
      if (size <= 0) break;
      text.append(part, 0, static_cast<std::size_t>(size));
    }
  });
  reader.join();
  EXPECT_TRUE(sink->finish(10s));
  EXPECT_NE(text.find("lines were dropped, since the log's reader is too slow"), std::string::npos);
  ::close(ends[0]);
}

}  // namespace
}  // namespace vmms::daemon
