// A byte stream between the host and one guest: a virtio-serial port that stays plugged in while its object lives.
#pragma once

#include "base/result.hpp"
#include "guest/transport/clock.hpp"

#include <string>
#include <string_view>

namespace vmms::guest {

/// The host's end. Its destruction unplugs the port and waits for nothing. One thread may write while another reads.
/// In the guest it is the one whose /sys/class/virtio-ports/*/name reads `name()`; the device is /dev/ and the name of
/// that directory (links in /dev/virtio-ports may be missing). A program that opens it there while the host holds it
/// can read and write; the guest sees end of file only once the host's end is closed.
class Port {
 public:
  virtual ~Port() = default;

  /// "org.vmms.data.…": unique on the VM.
  virtual const std::string& name() const = 0;

  /// Sends bytes; returns when all are on their way, which does not mean that the guest has read them.
  /// Errors: timed_out (the guest does not read; some bytes may have gone), unreachable (the port or the VM is gone).
  virtual Status write(std::string_view bytes, Clock::time_point deadline) = 0;

  /// What has come, at most `most` bytes, at least one. Errors: timed_out (nothing came by the deadline), unreachable.
  virtual Result<std::string> read(std::size_t most, Clock::time_point deadline) = 0;

  /// Ends every call that waits, with unreachable. From any thread.
  virtual void close() = 0;
};

}  // namespace vmms::guest
