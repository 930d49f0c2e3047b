// Guests that lie about their files: what they send is bounded by what they said first, and by what fits.
#include "base/base64.hpp"
#include "base/target_file.hpp"
#include "guest/file_copy.hpp"
#include "guest/files.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// Says of each file that it has `size` bytes, and never stops sending.
class Endless : public Transport {
 public:
  explicit Endless(std::string size) : size_(std::move(size)) {}
  bool connected() const override { return true; }
  std::uint64_t connection() const override { return 1; }
  PollDelays poll_delays() const override { return {1ms, 5ms}; }
  Result<std::string> command(std::string_view json, Clock::time_point) override {
    const auto is = [&](const char* name) { return json.substr(0, 80).find(name) != std::string_view::npos; };
    if (is("guest-exec-status"))
      return R"({"return":{"exited":true,"exitcode":0,"out-data":")" +
             encode_base64("File=81a4 " + size_ + " 1700000000 root root /root/x\n") + R"(","err-data":")" +
             encode_base64("Sent=9999999999\nSum=sha256:" + std::string(64, '0') + "\n") + "\"}}";
    if (is("guest-exec")) return std::string(R"({"return":{"pid":5}})");
    if (is("guest-file-open")) return std::string(R"({"return":1})");
    if (is("guest-file-read")) {
      read += 48 << 10;
      return R"({"return":{"count":49152,"buf-b64":")" + piece_ + R"(","eof":false}})";
    }
    return std::string(R"({"return":{}})");
  }
  std::uint64_t read = 0;

 private:
  const std::string size_;
  const std::string piece_ = encode_base64(std::string(48 << 10, 'R'));
};

class HostileFiles : public testing::Test {
 protected:
  HostileFiles() { fs::create_directories(folder_); }
  ~HostileFiles() override { fs::remove_all(folder_); }

  Error copy(const std::string& size, std::uint64_t& read) {
    const auto transport = std::make_shared<Endless>(size);
    Capabilities capabilities;
    capabilities.can_execute = true;
    FileCopy copy(transport, std::make_shared<Leftovers>(), capabilities, {});
    auto target = TargetFile::create(folder_ / "x", "x", true, false);
    EXPECT_TRUE(target);
    const Status done = copy.from_guest("/root/x", *target);
    EXPECT_FALSE(done);
    read = transport->read;
    return done ? Error() : done.error();
  }

  const fs::path folder_ = fs::temp_directory_path() / ("vmms-hostile-" + std::to_string(::getpid()));
};

TEST_F(HostileFiles, WhatDoesNotFitIsNotBegun) {
  std::uint64_t read = 0;
  EXPECT_NE(copy("4611686018427387904", read).message.find("stay free"), std::string::npos);
  EXPECT_EQ(read, 0U);
}

TEST_F(HostileFiles, WhatGoesOnBeyondWhatItSaidIsEnded) {
  std::uint64_t read = 0;
  const Error why = copy("1000000", read);
  EXPECT_NE(why.message.find("may have no end"), std::string::npos) << why.message;
  EXPECT_LT(read, 100U << 20);
  EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
}  // namespace vmms::guest
