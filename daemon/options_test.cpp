#include "daemon/options.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <tuple>

namespace vmms::daemon {
namespace {

Parsed parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "vmmsd");
  return parse_options(static_cast<int>(arguments.size()), arguments.data());
}

class ConfigurationFile : public testing::Test {
 protected:
  std::string write(const std::string& text) {
    std::ofstream(file_) << text;
    return file_;
  }
  void TearDown() override { std::filesystem::remove(file_); }
  std::string file_ = (std::filesystem::temp_directory_path() / ("vmms-options-" + std::to_string(getpid()))).string();
};

TEST(Options, DefaultsServeLoopbackFromTheEmbeddedDriver) {
  const auto options = parse({}).options;
  ASSERT_TRUE(options);
  ASSERT_FALSE(options->listeners.empty());
  EXPECT_EQ(wire::http::to_string(options->listeners[0]), "127.0.0.1:5985");
  for (std::size_t i = 1; i < options->listeners.size(); ++i)
    EXPECT_TRUE(options->listeners[i].is_local() && options->listeners[i].is_optional);
  EXPECT_TRUE(options->connect.starts_with("qemu:///embed?root=")) << options->connect;
  EXPECT_FALSE(options->guest_service_interface);
}

TEST(Options, FoldersForCopiesAreNamedAndRepeat) {
  EXPECT_TRUE(parse({}).options->copy_read.empty() && parse({}).options->copy_write.empty());
  const auto options = parse({"--copy-read", "images=/srv/images", "--copy-read", "more=/srv/more", "--copy-write",
                              "logs=/srv/logs", "--copy-largest", "10G"})
                           .options;
  ASSERT_TRUE(options);
  ASSERT_EQ(options->copy_read.size(), 2U);
  EXPECT_EQ(options->copy_read[1].name, "more");
  EXPECT_EQ(options->copy_read[1].folder, "/srv/more");
  ASSERT_EQ(options->copy_write.size(), 1U);
  EXPECT_EQ(options->copy_largest, 10ULL << 30);
  for (const char* wrong : {"/srv", "images", "images=relative", "=/srv"})
    EXPECT_EQ(parse({"--copy-read", wrong}).exit_status, 2) << wrong;
}

TEST_F(ConfigurationFile, SizesAreNumbersOrText) {
  const std::string file = write("memory = \"2G\"\ncopy-largest = 1000\n");
  const Parsed parsed = parse({"--config", file.c_str()});
  ASSERT_TRUE(parsed.options) << parsed.problem;
  EXPECT_EQ(parsed.options->memory, 2ULL << 30);
  EXPECT_EQ(parsed.options->copy_largest, 1000U);
  for (const char* text : {"memory = \"lots\"\n", "memory = \"-1\"\n", "memory = true\n", "io-threads = \"2\"\n"})
    EXPECT_NE(parse({"--config", write(text).c_str()}).problem.find(file + ":1:"), std::string::npos) << text;
}

TEST_F(ConfigurationFile, EverythingThatIsWrongHasItsPlace) {
  const std::tuple<std::string, std::vector<const char*>, const char*> cases[] = {
      {"audit = \"a\\u0000b\"\n", {}, ":1:9: "},
      {"users = \"/x\\u0000\"\n", {}, ":1:9: "},
      {"\n\n" + std::string(5000, '[') + "\nwsman = \"127.0.0.1:0\"\n", {}, ":3:1: "},
      {"[.\n", {}, ":1:"},
      {"\nconnect = \"test:///default\"\n", {"--simulate", "/dev/null"}, ":2:11: "},
      {"simulate = \"/dev/null\"\n", {"--connect", "test:///default"}, ":1:12: "},
  };
  for (const auto& [text, arguments, place] : cases) {
    const std::string file = write(text);
    std::vector<const char*> all = arguments;
    all.insert(all.end(), {"--config", file.c_str()});
    const Parsed parsed = parse(all);
    EXPECT_FALSE(parsed.options) << text;
    EXPECT_NE(parsed.problem.find(file + place), std::string::npos) << parsed.problem;
  }
}

TEST_F(ConfigurationFile, NamesFoldersForCopies) {
  const std::string file = write("copy-read = [\"images=/srv/images\", \"more=/srv/more\"]\n");
  const auto options = parse({"--config", file.c_str()}).options;
  ASSERT_TRUE(options);
  EXPECT_EQ(options->copy_read.size(), 2U);
  EXPECT_EQ(options->configuration, file);
}

TEST(Options, ListenersRepeat) {
  const auto options =
      parse({"--wsman", "127.0.0.1:1", "--wsman", "127.0.0.1:2", "--wsmans", "[::1]:3", "--socket", "none"}).options;
  ASSERT_TRUE(options);
  ASSERT_EQ(options->listeners.size(), 3u);
  EXPECT_EQ(wire::http::to_string(options->listeners[2]), "[::1]:3");
  EXPECT_TRUE(options->listeners[2].tls);
}

TEST(Options, EachProtocolHasItsOwnListeners) {
  const auto options = parse({"--cimxml", "127.0.0.1:5988", "--cimxmls", "[::1]:5989", "--socket", "/tmp/x"}).options;
  ASSERT_TRUE(options);
  ASSERT_EQ(options->listeners.size(), 3u);
  EXPECT_EQ(wire::http::to_string(options->listeners[0]), "127.0.0.1:5988");
  EXPECT_EQ(options->listeners[0].protocol, "cimxml");
  EXPECT_FALSE(options->listeners[0].tls);
  EXPECT_EQ(options->listeners[1].protocol, "cimxml");
  EXPECT_TRUE(options->listeners[1].tls);
  EXPECT_EQ(options->listeners[2].protocol, "wsman") << "the local socket";
  EXPECT_EQ(parse({"--wsman", "127.0.0.1:1"}).options->listeners[0].protocol, "wsman");
}

TEST(Options, TheLocalSocketIsNamedOrLeftOut) {
  const auto named = parse({"--socket", "/tmp/x.sock", "--socket-group", "staff"}).options;
  ASSERT_TRUE(named);
  EXPECT_EQ(named->listeners.back().path, "/tmp/x.sock");
  EXPECT_EQ(named->listeners.back().group, "staff");
  EXPECT_FALSE(named->listeners.back().is_optional);
  EXPECT_TRUE(named->users_may_be_missing);
  EXPECT_FALSE(parse({"--socket", "/tmp/x.sock", "--users", "file"}).options->users_may_be_missing);
  const auto none = parse({"--socket", "none"}).options;
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->listeners.back().is_local());
  EXPECT_FALSE(none->users_may_be_missing);
}

TEST(Options, WrongOnesEndWithStatus2) {
  for (const std::vector<const char*>& wrong : std::vector<std::vector<const char*>>{{"--nonsense"},
                                                                                     {"--wsman", "127.0.0.1"},
                                                                                     {"--wsman", "127.0.0.1:65536"},
                                                                                     {"--simulate", "/does/not/exist"},
                                                                                     {"--cimxml", "127.0.0.1"},
                                                                                     {"--compatibility", "loose"},
                                                                                     {"--io-threads", "0"}}) {
    const auto parsed = parse(wrong);
    EXPECT_FALSE(parsed.options) << wrong[0];
    EXPECT_EQ(parsed.exit_status, 2) << wrong[0];
  }
}

TEST(Options, MemoryThatServesNobodyIsRefused) {
  for (const char* few : {"1", "512", "31M"}) {
    const auto parsed = parse({"--memory", few});
    EXPECT_EQ(parsed.exit_status, 2) << few;
    EXPECT_NE(parsed.problem.find("32M at least, with the unit"), std::string::npos) << parsed.problem;
  }
  EXPECT_TRUE(parse({"--memory", "32M"}).options);
  EXPECT_TRUE(parse({"--memory", "0"}).options) << "what is usual";
}

TEST(Options, UnknownOnesAreNamedWithTheNearest) {
  EXPECT_EQ(parse({"--simulat", "x"}).problem,
            "vmmsd has no option --simulat; did you mean --simulate? (see vmmsd --help)");
  EXPECT_EQ(parse({"--frobnicate=5"}).problem, "vmmsd has no option --frobnicate=5 (see vmmsd --help)");
  EXPECT_EQ(parse({"fleet.toml"}).problem, "vmmsd takes options alone, not \"fleet.toml\" (see vmmsd --help)");
}

TEST_F(ConfigurationFile, KeysAreTheOptionsAndTheCommandLineWins) {
  write(
      "wsman = [\"127.0.0.1:7\", \"127.0.0.1:8\"]\ncimxml = \"127.0.0.1:9\"\nconnect = "
      "\"test:///default\"\nguest-service-interface = true\n"
      "log-level = \"debug\"\n");
  const auto options = parse({"--config", file_.c_str(), "--log-level", "warn"}).options;
  ASSERT_TRUE(options);
  EXPECT_EQ(options->connect, "test:///default");
  ASSERT_GE(options->listeners.size(), 3u);
  EXPECT_EQ(wire::http::to_string(options->listeners[1]), "127.0.0.1:8");
  EXPECT_EQ(wire::http::to_string(options->listeners[2]), "127.0.0.1:9");
  EXPECT_TRUE(options->guest_service_interface);
  EXPECT_EQ(options->log_level, "warn");
}

TEST_F(ConfigurationFile, WhatIsWrongIsNamedWithItsPlace) {
  for (const auto& [text, place, word] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"log-level = \"info\"\nwsmann = \"127.0.0.1:7\"\n", ":2:1: ", "wsmann"},
           {"connect = \n", ":1:", ""},
           {"connect = \"\"\n", ":1:11: ", "empty"},
           {"\n  connect = 5\n", ":2:13: ", "text"},
           {"wsman = [\"127.0.0.1:1\", 2]\n", ":1:25: ", "wsman"},
           {"wsman = [\"127.0.0.1:1\",\n  \"127.0.0.1\"]\n", ":2:3: ", "port"},
           {"connect = [\"a\", \"b\"]\n", ":1:11: ", "one value"},
           {"io-threads = \"2\"\n", ":1:14: ", "number"},
           {"io-threads = 0\n", ":1:14: ", "io-threads"},
           {"io-threads = 1.5\n", ":1:14: ", "number"},
           {"allow-cleartext = \"yes\"\n", ":1:19: ", "true or false"},
           {"log-level = \"loud\"\n", ":1:13: ", "log-level"},
           {"simulate = \"/does/not/exist\"\n", ":1:12: ", "simulate"},
           {"certificate = \"/dev/null\"\n", ":1:15: ", "certificate"},
           {"config = \"other\"\n", ":1:1: ", "config"},
           {"[wsman]\naddress = \"x\"\n", ":1:", "wsman"},
           {"log-level = \"info\"\nlog-level = \"info\"\n", ":2:1", ""},
           {"[.]\n", "", ""}}) {
    write(text);
    const auto parsed = parse({"--config", file_.c_str()});
    EXPECT_EQ(parsed.exit_status, 2) << text;
    EXPECT_FALSE(parsed.options) << text;
    EXPECT_TRUE(parsed.problem.starts_with(file_ + place)) << text << parsed.problem;
    EXPECT_NE(parsed.problem.find(word), std::string::npos) << text << parsed.problem;
    EXPECT_EQ(parsed.problem.find('\n'), std::string::npos) << parsed.problem;
  }
  const auto missing = parse({"--config", "/does/not/exist"});
  EXPECT_EQ(missing.exit_status, 2);
  EXPECT_NE(missing.problem.find("/does/not/exist"), std::string::npos);
}

TEST_F(ConfigurationFile, WhatTheCommandLineHasIsCheckedAllTheSame) {
  write("log-level = 5\n");
  EXPECT_EQ(parse({"--config", file_.c_str(), "--log-level", "warn"}).exit_status, 2);
}

TEST_F(ConfigurationFile, WhatNeedsARestartIsNamed) {
  write("log-level = \"info\"\nwsman = \"127.0.0.1:7\"\n");
  const auto before = parse({"--config", file_.c_str()}).options.value();
  write(
      "log-level = \"debug\"\nwsman = [\"127.0.0.1:7\", \"127.0.0.1:8\"]\nguest-service-interface = true\naudit-reads "
      "= true\n");
  const auto after = parse({"--config", file_.c_str()}).options.value();
  EXPECT_EQ(need_restart(before, after), (std::vector<std::string>{"guest-service-interface", "wsman"}));
  EXPECT_TRUE(need_restart(after, after).empty());
  EXPECT_TRUE(after.audit_reads);
}

}  // namespace
}  // namespace vmms::daemon
