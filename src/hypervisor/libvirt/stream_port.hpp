// The host's end of a channel of a domain, through libvirt's streams.
#pragma once

#include "guest/transport/port.hpp"
#include "hypervisor/libvirt/library.hpp"

#include <functional>
#include <memory>
#include <string>

namespace vmms::hypervisor::libvirt {

/// Opens the channel `name` of a running domain (its target name). libvirt's stream calls may hang for ever (a libvirtd
/// with no reader in the guest), so they are made on a thread that no caller waits for; calls of the port keep their
/// deadlines. `connection` should carry nothing else unless its driver runs inside this process. `unplug` is called
/// once, when the port is released, and must neither wait nor throw; not when this fails. Errors: those of libvirt,
/// busy (no thread).
Result<std::unique_ptr<guest::Port>> open_stream_port(const ConnectionHandle& connection, const std::string& machine_id,
                                                      const std::string& name, std::function<void()> unplug);

}  // namespace vmms::hypervisor::libvirt
