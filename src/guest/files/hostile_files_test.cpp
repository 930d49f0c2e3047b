// Guests that lie about their files: what they send is bounded by what they said first, and by what fits.
#include "base/base64.hpp"
#include "base/source_file.hpp"
#include "base/target_file.hpp"
#include "guest/files/file_copy.hpp"
#include "guest/files/file_scripts.hpp"
#include "guest/files/files.hpp"
#include "guest/testing/fake_agent.hpp"
#include "guest/testing/fd_port.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>
#include <variant>

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
    FileCopy copy(transport, std::make_shared<AbandonedProcesses>(), capabilities, {});
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

/// Has a data port, whose other end is `guest`.
class PortAgent : public FakeAgent {
 public:
  PortAgent() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    host = std::make_unique<FdPort>(ends[0], "org.vmms.data.1");
    guest = std::make_unique<FdPort>(ends[1], "guest");
  }
  Result<std::unique_ptr<Port>> open_port(std::string_view, Clock::time_point) override { return std::move(host); }
  std::unique_ptr<Port> host;
  std::unique_ptr<Port> guest;
};

TEST_F(HostileFiles, AGuestThatTakesAllAndSaysNothingDoesNotHoldWhoCancels) {
  // Our own agent there gives signs of life, and never says that it has written the file.
  PortAgent ways;
  auto mute = std::thread([agent = std::move(ways.guest)] {
    protocol::FrameReader frames;
    EXPECT_TRUE(agent->write(protocol::encode(protocol::ToHost(protocol::Hello{protocol::version, "build"})),
                             Clock::now() + 10s));
    while (const auto bytes = agent->read(4096, Clock::now() + 60s)) {
      frames.add(*bytes);
      while (const auto frame = frames.next()) {
        const auto message = protocol::decode_to_agent(*frame);
        if (const auto* ping = std::get_if<protocol::Ping>(&*message))
          agent->write(protocol::encode(protocol::ToHost(protocol::Pong{ping->id, 0})), Clock::now() + 10s).has_value();
      }
    }
  });
  auto session = OwnAgentSession::begin(std::move(ways.host), "build", Clock::now() + 10s).value();

  const auto transport = std::make_shared<PortAgent>();
  transport->reply(std::string(file_prepare_script), {0, "Target=/root/x\nPart=/root/.vmms-x.part\n", ""});
  transport->reply(std::string(file_discard_script), {0, "Done=1\n", ""});
  constexpr std::size_t size = 1 << 20;
  fs::create_directories(folder_);
  std::ofstream(folder_ / "big") << std::string(size, 'b');
  std::atomic<bool> cancelled = false;
  auto copying = std::async(std::launch::async, [&] {
    Capabilities capabilities;
    capabilities.can_execute = capabilities.can_write_files = true;
    CopyObserver observer;
    observer.cancelled = [&] { return cancelled.load(); };
    FileCopy copy(transport, std::make_shared<AbandonedProcesses>(), capabilities, observer, [&] { return session; });
    return copy.to_guest(SourceFile::open(folder_ / "big").value(), {"/root/x", true, false});
  });
  for (std::size_t come = 0; come < size;) {
    const auto bytes = transport->guest->read(65536, Clock::now() + 20s);
    ASSERT_TRUE(bytes);
    come += bytes->size();
  }
  EXPECT_EQ(copying.wait_for(300ms), std::future_status::timeout) << "it waits for the guest";
  cancelled = true;
  EXPECT_EQ(copying.wait_for(10s), std::future_status::ready);
  session->end(false, "the test is over");
  const auto done = copying.get();
  session.reset();
  mute.join();
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("cancelled"), std::string::npos) << done.error().message;
}

}  // namespace
}  // namespace vmms::guest
