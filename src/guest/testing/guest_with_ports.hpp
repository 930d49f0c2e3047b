// For tests: a guest to which our own agent can be deployed.
#pragma once

#include "guest/protocol/frames.hpp"
#include "guest/protocol/messages.hpp"
#include "guest/testing/fake_agent.hpp"
#include "guest/testing/fd_port.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace vmms::guest {

inline protocol::Unit unit_of(const std::string& name, const std::string& active) {
  protocol::Unit unit;
  unit.name = name;
  unit.names = {name};
  unit.load_state = "loaded";
  unit.active_state = active;
  unit.type = "exec";
  unit.result = "success";
  return unit;
}

/// A guest whose virtual machine takes ports. On each of them an agent answers every start and stop at once.
class GuestWithPorts : public FakeAgent {
 public:
  ~GuestWithPorts() override {
    stop_ = true;
    for (std::thread& agent : agents_) agent.join();
  }
  Result<std::unique_ptr<Port>> open_port(std::string_view purpose, Clock::time_point) override {
    ++ports;
    if (!takes_ports) return error(Failure::not_supported, "no ports here");
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    agents_.emplace_back([this, end = ends[1]] { play(std::make_unique<FdPort>(end, "guest")); });
    return std::make_unique<FdPort>(ends[0], "org.vmms." + std::string(purpose) + ".1");
  }

  std::atomic<bool> takes_ports{true};
  std::atomic<int> ports{0};
  std::atomic<int> acted{0};
  std::atomic<int> exits{0};
  std::atomic<bool> silent{false};
  std::atomic<bool> killed{false};
  std::string program = "the program";

 private:
  void play(std::unique_ptr<FdPort> port) {
    const auto say = [&](const protocol::ToHost& message) {
      (void)port->write(protocol::encode(message), Clock::now() + std::chrono::seconds(30));
    };
    for (std::string brought; brought.size() < program.size();) {
      const auto bytes = port->read(program.size() - brought.size(), Clock::now() + std::chrono::milliseconds(20));
      if (bytes) brought += *bytes;
      if (stop_ || (!bytes && bytes.error().kind != Failure::timed_out)) return;
    }
    say(protocol::Hello{protocol::version, "5um"});
    say(protocol::Changed{unit_of("a.service", "inactive")});
    say(protocol::Synchronized{});
    protocol::FrameReader frames;
    while (!stop_ && !killed) {
      const auto bytes = port->read(4096, Clock::now() + std::chrono::milliseconds(20));
      if (!bytes && bytes.error().kind != Failure::timed_out) return;
      if (bytes) frames.add(*bytes);
      while (const auto frame = frames.next()) {
        const protocol::ToAgent message = protocol::decode_to_agent(*frame).value();
        if (silent) continue;
        if (const auto* ping = std::get_if<protocol::Ping>(&message)) say(protocol::Pong{ping->id, events_ + 2});
        const auto* start = std::get_if<protocol::Start>(&message);
        const auto* stop = std::get_if<protocol::Stop>(&message);
        if (start != nullptr || stop != nullptr) {
          ++acted;
          const protocol::Unit now = unit_of("a.service", start != nullptr ? "active" : "inactive");
          ++events_;
          say(protocol::Changed{now});
          say(protocol::Done{start != nullptr ? start->id : stop->id, "done", "", "", now, {}});
        }
        if (std::holds_alternative<protocol::Exit>(message)) {
          ++exits;
          say(protocol::Lost{});
          return;
        }
      }
    }
  }

  std::atomic<std::uint64_t> events_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> agents_;
};

}  // namespace vmms::guest
