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

TEST(LogSink, LinesOfManyThreadsStayWhole) {
  const auto file = std::filesystem::temp_directory_path() / ("vmms-log-" + std::to_string(getpid()));
  const int descriptor = ::open(file.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  ASSERT_GE(descriptor, 0);
  spdlog::logger logger("test", std::make_shared<LogSink>(descriptor));
  logger.set_pattern("%l %v");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) logger.info("{} {} {}", t, i, std::string(100, static_cast<char>('a' + t)));
    });
  for (std::thread& thread : threads) thread.join();
  logger.set_pattern("again %v");
  logger.warn("done");
  ::close(descriptor);

  std::ifstream stream(file);
  std::set<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  std::filesystem::remove(file);
  EXPECT_EQ(lines.size(), 2001u);
  EXPECT_TRUE(lines.contains("again done"));
  for (int t = 0; t < 4; ++t)
    for (int i = 0; i < 500; ++i)
      EXPECT_TRUE(lines.contains(fmt::format("info {} {} {}", t, i, std::string(100, static_cast<char>('a' + t)))));
}

}  // namespace
}  // namespace vmms::daemon
