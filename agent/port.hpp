// A virtio-serial port of this guest.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace vmms::agent {

/// Opens the port of that name, which may have been plugged in just now, without blocking; -1 and errno when there is
/// none. The device is found through sysfs, since links in /dev/virtio-ports may be missing. A name with a '/' is the
/// device itself.
int open_port(const std::string& name);

/// Our end of the conversation with the host. Nothing here waits.
class HostPort {
 public:
  /// Bytes that the host does not take are kept up to this; then going on is useless.
  static constexpr std::size_t backlog_limit = std::size_t{8} << 20;

  explicit HostPort(int descriptor) : descriptor_(descriptor) {}

  int descriptor() const { return descriptor_; }
  /// The host holds the other end, as far as we know.
  bool host_is_there() const { return host_is_there_; }
  /// The port itself is gone, or the host takes nothing any more.
  bool broken() const { return broken_; }
  bool wants_to_write() const { return begin_ < out_.size(); }

  void send(std::string_view bytes);
  /// Writes what the host takes now.
  void flush();
  /// What has come, empty when nothing has; valid until the next call.
  std::string_view receive();

 private:
  int descriptor_;
  bool host_is_there_ = true;
  bool broken_ = false;
  std::string out_;
  std::size_t begin_ = 0;
  char in_[65536];
};

}  // namespace vmms::agent
