// The conversation with the host: its requests, our answers and events.
#pragma once

#include "agent/bus.hpp"
#include "agent/child.hpp"
#include "agent/port.hpp"
#include "agent/services.hpp"
#include "agent/unit_files.hpp"
#include "guest/protocol/frames.hpp"

#include <poll.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace vmms::agent {

class Conversation {
 public:
  Conversation(int port, std::string build, std::vector<std::string> bus_addresses);

  /// Runs until the host ends it or is gone for good; returns the program's exit status.
  int run();

 private:
  using Kind = Services::Kind;
  struct Work {
    std::uint32_t id = 0;
    std::unique_ptr<Child> child;
    std::function<void(const std::string& output)> ended;
    std::int64_t limit = 0;  ///< when it is killed; 0: never
  };
  struct Timer {
    std::int64_t at = 0;
    std::function<void()> act;
  };

  void wait();
  void look_for_host();
  void connect_bus();
  void lose_bus();
  void hear_host();
  void hear_bus();
  void tell(const guest::protocol::ToHost& message);
  void tell_event(const guest::protocol::ToHost& message);
  void answer(guest::protocol::ToAgent& message);
  void act(Kind kind, std::uint32_t id, const std::string& unit);
  void prove(guest::protocol::Done message, std::int64_t limit, int rests);
  void done(Kind kind, guest::protocol::Done message);
  void begin(std::uint32_t id, std::int64_t seconds, const std::function<void(int pipe)>& work,
             std::function<void(const std::string&)> ended);
  void look_after_children();

  HostPort port_;
  const std::string build_;
  const std::vector<std::string> bus_addresses_;
  Bus bus_;
  Services services_;
  UnitFiles unit_files_;
  guest::protocol::FrameReader frames_;
  std::vector<Work> works_;
  std::vector<Timer> timers_;
  std::vector<pollfd> waiting_;
  std::uint64_t events_ = 0;
  std::int64_t host_gone_since_ = 0;  ///< 0: it is there
  std::int64_t next_look_ = 0;        ///< for a host that is gone
  std::int64_t next_connect_ = 0;
  bool told_lost_ = false;
  bool ended_ = false;
};

}  // namespace vmms::agent
