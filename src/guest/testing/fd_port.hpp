// For tests: a port that is a file descriptor of this machine, a socket or the master of a pseudo-terminal.
#pragma once

#include "guest/transport/port.hpp"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>
#include <utility>

namespace vmms::guest {

class FdPort : public Port {
 public:
  FdPort(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}
  ~FdPort() override { ::close(descriptor_); }

  const std::string& name() const override { return name_; }

  Status write(std::string_view bytes, Clock::time_point deadline) override {
    while (!bytes.empty()) {
      if (const Status ready = wait(POLLOUT, deadline, "the guest does not read"); !ready) return ready;
      const ssize_t count = ::write(descriptor_, bytes.data(), std::min<std::size_t>(bytes.size(), 4096));
      if (count <= 0) return error(Failure::unreachable, "the port is gone");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }
  Result<std::string> read(std::size_t most, Clock::time_point deadline) override {
    if (const Status ready = wait(POLLIN, deadline, "nothing came"); !ready) return ready.error();
    std::string bytes(most, '\0');
    const ssize_t count = ::read(descriptor_, bytes.data(), bytes.size());
    if (count <= 0) return error(Failure::unreachable, "the port is gone");
    bytes.resize(static_cast<std::size_t>(count));
    return bytes;
  }
  void close() override { closed_ = true; }

  /// A pseudo-terminal that passes bytes as they are: its master, and the path of the other end in `device`.
  static int open_terminal(std::string& device) {
    const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) std::abort();
    device = ptsname(master);
    termios settings{};
    tcgetattr(master, &settings);
    cfmakeraw(&settings);
    tcsetattr(master, TCSANOW, &settings);
    return master;
  }

 private:
  Status wait(short events, Clock::time_point deadline, const char* late) {
    while (!closed_ && Clock::now() < deadline) {
      pollfd ready{descriptor_, events, 0};
      if (poll(&ready, 1, 10) > 0 && (ready.revents & events) != 0) return {};
    }
    if (closed_) return error(Failure::unreachable, "the port is closed");
    return error(Failure::timed_out, late);
  }

  const int descriptor_;
  const std::string name_;
  std::atomic<bool> closed_{false};
};

}  // namespace vmms::guest
