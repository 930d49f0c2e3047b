// A host of virtual machines behind a libvirt URI.
#pragma once

#include "base/result.hpp"
#include "hypervisor/host.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace vmms::hypervisor::libvirt {

struct Options {
  /// `qemu:///embed?root=DIR` runs libvirt's QEMU driver inside this process; any other URI of libvirt's goes to its
  /// daemon.
  std::string uri;
  /// How long to wait before a lost connection is opened again: at first, and at most (it doubles).
  std::chrono::milliseconds reconnect_first{1000};
  std::chrono::milliseconds reconnect_most{30'000};
  /// A GUID of the machine of this process, for a host that has no UUID of its own that stays.
  std::string identity = {};
};

/// Connects and lists the VMs; waits for libvirt. The records are complete when it returns. A connection that is lost
/// later is opened again for as long as the host lives; meanwhile `health` says so, records stay as they were, and
/// everything that needs libvirt fails at once as unreachable. Errors: unreachable, invalid_argument, failed.
/// The host's end waits for no call that hangs.
Result<std::unique_ptr<Host>> connect(const Options& options);

}  // namespace vmms::hypervisor::libvirt
