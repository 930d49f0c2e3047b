#include "agent/transfer.hpp"

#include "agent/port.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sha2.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace vmms::agent {

namespace {

namespace protocol = guest::protocol;

// A port that was plugged in just now may take a while to appear, and a host that stops sending or taking is given up.
constexpr int appear_time_ms = 5000;
constexpr int idle_time_ms = 30000;
constexpr int retry_ms = 20;
constexpr std::size_t chunk = 256 * 1024;

struct Report {
  std::uint32_t code = 0;
  std::uint64_t bytes = 0;
  std::uint8_t sha256[32] = {};
  char message[400] = {};
};

std::int64_t now_ms() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1000000;
}

class Transfer {
 public:
  explicit Transfer(int pipe) : pipe_(pipe) { SHA256Init(&hash_); }

  [[noreturn]] void fail(const std::string& what, int code) {
    report_.code = code == 0 ? EIO : static_cast<std::uint32_t>(code);
    const std::string text = what + ": " + std::strerror(static_cast<int>(report_.code));
    text.copy(report_.message, sizeof report_.message - 1);
    end();
  }
  [[noreturn]] void succeed() {
    SHA256Final(report_.sha256, &hash_);
    end();
  }

  void open_port(const std::string& name) {
    const std::int64_t limit = now_ms() + appear_time_ms;
    while ((port_ = agent::open_port(name)) < 0) {
      if (now_ms() > limit) fail("the port " + name + " does not appear in the guest", errno);
      poll(nullptr, 0, retry_ms);
    }
  }

  /// At least one byte, at most `most`.
  std::size_t read_port(char* bytes, std::size_t most) {
    const std::int64_t limit = now_ms() + idle_time_ms;
    while (true) {
      const ssize_t count = read(port_, bytes, most);
      if (count > 0) return static_cast<std::size_t>(count);
      if (count < 0 && errno != EAGAIN && errno != EINTR) fail("reading from the port", errno);
      if (now_ms() > limit) fail("reading from the port", ETIMEDOUT);
      wait(POLLIN, count == 0);
    }
  }

  void write_port(const char* bytes, std::size_t size) {
    std::int64_t limit = now_ms() + idle_time_ms;
    while (size > 0) {
      const ssize_t count = write(port_, bytes, size);
      if (count > 0) {
        bytes += count;
        size -= static_cast<std::size_t>(count);
        limit = now_ms() + idle_time_ms;
        continue;
      }
      if (count < 0 && errno != EAGAIN && errno != EINTR) fail("writing to the port", errno);
      if (now_ms() > limit) fail("writing to the port", ETIMEDOUT);
      wait(POLLOUT, false);
    }
  }

  void count(const char* bytes, std::size_t size) {
    SHA256Update(&hash_, reinterpret_cast<const std::uint8_t*>(bytes), size);
    report_.bytes += size;
  }

 private:
  // Without a host at the other end poll returns at once: then sleep instead.
  void wait(short events, bool end_of_file) {
    pollfd ready{port_, events, 0};
    if (end_of_file)
      poll(nullptr, 0, retry_ms);
    else if (poll(&ready, 1, 1000) > 0 && (ready.revents & events) == 0)
      poll(nullptr, 0, retry_ms);
  }
  [[noreturn]] void end() {
    const ssize_t written = write(pipe_, &report_, sizeof report_);
    _exit(written == sizeof report_ ? 0 : 1);
  }

  int pipe_;
  int port_ = -1;
  SHA2_CTX hash_;
  Report report_;
};

void write_file(Transfer& transfer, int file, const char* bytes, std::size_t size, std::uint64_t offset) {
  while (size > 0) {
    const ssize_t count = pwrite(file, bytes, size, static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) transfer.fail("writing the file", errno);
    bytes += count;
    offset += static_cast<std::uint64_t>(count);
    size -= static_cast<std::size_t>(count);
  }
}

char buffer[chunk];

}  // namespace

void receive_file(const protocol::Receive& request, int pipe) {
  Transfer transfer(pipe);
  const int file = open(request.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
  if (file < 0) transfer.fail("opening " + request.path, errno);
  transfer.open_port(request.port);
  for (const protocol::Segment& segment : request.segments) {
    for (std::uint64_t done = 0; done < segment.length;) {
      // The kernel returns a port's bytes by the page; the file gets larger pieces.
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(chunk, segment.length - done));
      for (std::size_t filled = 0; filled < size;) {
        const std::size_t count = transfer.read_port(buffer + filled, size - filled);
        transfer.count(buffer + filled, count);
        filled += count;
      }
      write_file(transfer, file, buffer, size, segment.offset + done);
      done += size;
    }
  }
  if (ftruncate(file, static_cast<off_t>(request.size)) != 0) transfer.fail("setting the file's size", errno);
  if (fsync(file) != 0) transfer.fail("writing the file to disk", errno);
  if (close(file) != 0) transfer.fail("closing the file", errno);
  transfer.succeed();
}

void send_file(const protocol::Send& request, int pipe) {
  Transfer transfer(pipe);
  const int file = open(request.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  struct stat facts {};
  if (file < 0 || fstat(file, &facts) != 0) transfer.fail("opening " + request.path, errno);
  if (!S_ISREG(facts.st_mode)) transfer.fail(request.path, S_ISDIR(facts.st_mode) ? EISDIR : EINVAL);
  transfer.open_port(request.port);
  for (std::uint64_t done = 0; done < request.length;) {
    const ssize_t count =
        pread(file, buffer, static_cast<std::size_t>(std::min<std::uint64_t>(chunk, request.length - done)),
              static_cast<off_t>(request.offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) transfer.fail("reading the file", errno);
    if (count == 0) break;
    transfer.count(buffer, static_cast<std::size_t>(count));
    transfer.write_port(buffer, static_cast<std::size_t>(count));
    done += static_cast<std::uint64_t>(count);
  }
  transfer.succeed();
}

protocol::ToHost transfer_result(std::uint32_t id, const std::string& output) {
  Report report;
  if (output.size() != sizeof report) return protocol::Failed{id, ECANCELED, "it was ended in the guest"};
  std::memcpy(&report, output.data(), sizeof report);
  if (report.code != 0) return protocol::Failed{id, report.code, report.message};
  protocol::Transferred transferred{id, report.bytes, {}};
  std::copy(std::begin(report.sha256), std::end(report.sha256), transferred.sha256.begin());
  return transferred;
}

}  // namespace vmms::agent
