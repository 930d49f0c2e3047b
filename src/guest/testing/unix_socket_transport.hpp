// A transport for tests and benchmarks: straight to the unix socket of an agent, of a guest or of this very machine.
#pragma once

#include "guest/transport/transport.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>

namespace vmms::guest {

class UnixSocketTransport : public Transport {
 public:
  explicit UnixSocketTransport(std::string path) : path_(std::move(path)) {}
  ~UnixSocketTransport() override { disconnect(); }

  bool connected() const override { return connected_ || access(path_.c_str(), F_OK) == 0; }
  std::uint64_t connection() const override { return connection_; }
  std::uint64_t commands() const { return commands_; }

  Result<std::string> command(std::string_view json, Clock::time_point deadline) override {
    const Turn turn(*this, deadline);
    if (!turn.mine) return error(Failure::unreachable, "the agent is silent");
    ++commands_;
    if (socket_ < 0) {
      if (const Status opened = open(); !opened) return opened.error();
    } else if (has_ended()) {
      disconnect();
      if (const Status opened = open(); !opened) return opened.error();
    }
    if (!in_step_) {
      // An answer that was given up may still come: everything up to the answer to this is old.
      const std::string id = std::to_string(++sync_);
      if (!send(R"({"execute":"guest-sync","arguments":{"id":)" + id + "}}")) return lost();
      for (std::string line; line.find("\"return\": " + id + "}") == std::string::npos;) {
        const Result<std::string> received = receive(deadline);
        if (!received) return received;
        line = *received;
      }
      in_step_ = true;
    }
    in_step_ = false;
    if (!send(json)) return lost();
    Result<std::string> answer = receive(deadline);
    in_step_ = answer.has_value();
    return answer;
  }

 private:
  /// One command at a time. Not a timed_mutex, whose lock with a deadline ThreadSanitizer of g++ 12 does not see.
  struct Turn {
    Turn(UnixSocketTransport& owner, Clock::time_point deadline) : transport(owner) {
      std::unique_lock lock(transport.mutex_);
      mine = transport.free_.wait_until(lock, deadline, [&] { return !transport.taken_; });
      if (mine) transport.taken_ = true;
    }
    ~Turn() {
      if (!mine) return;
      const std::lock_guard lock(transport.mutex_);
      transport.taken_ = false;
      transport.free_.notify_one();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    UnixSocketTransport& transport;
    bool mine = false;
  };

  Status open() {
    socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      disconnect();
      return error(Failure::unreachable, "no agent is connected");
    }
    connected_ = true;
    in_step_ = false;
    buffer_.clear();
    ++connection_;
    return {};
  }
  void disconnect() {
    if (socket_ >= 0) close(socket_);
    socket_ = -1;
    connected_ = false;
  }
  Error lost() {
    disconnect();
    ++connection_;
    return error(Failure::unreachable, "the agent went away");
  }
  bool has_ended() {
    char byte = 0;
    return recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
  }
  bool send(std::string_view json) {
    std::string line(json);
    line += '\n';
    return ::send(socket_, line.data(), line.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(line.size());
  }
  Result<std::string> receive(Clock::time_point deadline) {
    while (true) {
      if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
      pollfd readable{socket_, POLLIN, 0};
      if (left <= 0 || poll(&readable, 1, static_cast<int>(left) + 1) == 0) {
        if (Clock::now() < deadline) continue;
        return error(Failure::unreachable, "the agent is silent");
      }
      __attribute__((uninitialized)) char bytes[65536];
      const ssize_t count = recv(socket_, bytes, sizeof bytes, 0);
      if (count <= 0) return lost();
      buffer_.append(bytes, static_cast<std::size_t>(count));
    }
  }

  const std::string path_;
  std::mutex mutex_;
  std::condition_variable free_;
  bool taken_ = false;
  std::atomic<std::uint64_t> connection_{0};
  std::atomic<std::uint64_t> commands_{0};
  std::atomic<bool> connected_{false};
  int socket_ = -1;
  bool in_step_ = false;
  std::uint64_t sync_ = 1000;
  std::string buffer_;
};

}  // namespace vmms::guest
