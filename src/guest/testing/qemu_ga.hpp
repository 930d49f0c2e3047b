// For tests: a real qemu-guest-agent that runs on this machine. It gets harmless commands only.
#pragma once

#include "guest/agent/agent.hpp"
#include "guest/agent/execution.hpp"
#include "guest/testing/child_process.hpp"
#include "guest/testing/unix_socket_transport.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace vmms::guest {

using namespace std::chrono_literals;

inline Clock::time_point in_time() { return Clock::now() + 20s; }

class QemuGa : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* path : {"/usr/sbin/qemu-ga", "/usr/bin/qemu-ga"})
      if (access(path, X_OK) == 0) program_ = path;
    if (program_.empty()) GTEST_SKIP() << "install the package qemu-guest-agent to run this test";
    start();
  }

  void start(const std::string& more_forbidden = {}) {
    std::filesystem::remove(directory_ / "socket");
    agent_.emplace(std::vector<std::string>{program_, "-m", "unix-listen", "-p", directory_ / "socket", "-t",
                                            directory_.path(), "-b",
                                            "guest-shutdown,guest-suspend-disk,guest-suspend-ram,guest-suspend-hybrid,"
                                            "guest-fsfreeze-freeze,guest-set-time,guest-set-user-password" +
                                                more_forbidden},
                   std::vector<std::string>{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"});
    while (!Agent(*transport_).ping(in_time())) std::this_thread::sleep_for(5ms);
  }

  Result<Output> run(std::string_view text, std::vector<std::string> parameters = {}) {
    return Execution(transport_, abandoned_, Script{"vmms-test", text, std::move(parameters)}).finish(in_time());
  }

  TemporaryDirectory directory_;
  std::string program_;
  std::optional<ChildProcess> agent_;
  std::shared_ptr<UnixSocketTransport> transport_ = std::make_shared<UnixSocketTransport>(directory_ / "socket");
  std::shared_ptr<AbandonedProcesses> abandoned_ = std::make_shared<AbandonedProcesses>();
};

}  // namespace vmms::guest
