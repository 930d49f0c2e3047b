#include "hypervisor/libvirt/log_lines.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace vmms::hypervisor::libvirt {
namespace {

struct LogLinesTest : testing::Test {
  std::vector<LogLine> lines;
  LogLines cutter{[this](const LogLine& line) { lines.push_back(line); }};
};

constexpr auto line_head = "2026-11-22 14:10:49.398+0000: 19542: ";

TEST_F(LogLinesTest, TakesLevelAndTextWhereverTheStreamIsCut) {
  const std::string stream = std::string(line_head) + "error : virExec:1 : it broke\n" + line_head +
                             "warning : a:2 : odd\n" + line_head + "info : libvirt version: 9.0.0\n";
  for (const char c : stream) cutter.feed({&c, 1});
  const std::vector<LogLine> expected = {{spdlog::level::warn, "virExec:1 : it broke"},
                                         {spdlog::level::warn, "a:2 : odd"},
                                         {spdlog::level::debug, "libvirt version: 9.0.0"}};
  EXPECT_EQ(lines, expected);
}

TEST_F(LogLinesTest, SaysOnlyOnceAMinuteWhatRepeats) {
  for (int i = 0; i < 3; ++i) cutter.feed(std::string(line_head) + "error : f:1 : again\n");
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].level, spdlog::level::warn);
  EXPECT_EQ(lines[1].level, spdlog::level::debug);
  EXPECT_EQ(lines[2].level, spdlog::level::debug);
}

TEST_F(LogLinesTest, KeepsHarmlessLinesQuiet) {
  cutter.feed(std::string(line_head) +
              "error : virAccessManagerGetDefault:69 : internal error: No access manager registered\n");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].level, spdlog::level::debug);
}

TEST_F(LogLinesTest, PassesOnNoControlCharacters) {
  cutter.feed(std::string(line_head) + "error : f:1 : \x1b[2Jgone\x7f\n");
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].text, "f:1 : ?[2Jgone?");
}

TEST_F(LogLinesTest, SurvivesAnyBytes) {
  cutter.feed("\n\n : \n: : : \n2026-11-22 14:10:49.398+0000: \n2026-11-22 14:10:49.398+0000: 1: error\n");
  cutter.feed(std::string(100'000, 'x'));
  cutter.feed("\nend\n");
  ASSERT_FALSE(lines.empty());
  EXPECT_EQ(lines.back().text, "end");
  for (const LogLine& line : lines) EXPECT_LE(line.text.size(), 8192U);
}

}  // namespace
}  // namespace vmms::hypervisor::libvirt
