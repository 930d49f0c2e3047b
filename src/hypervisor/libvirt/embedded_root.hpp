// The directory in which libvirt's QEMU driver lives when it runs inside our process.
#pragma once

#include "base/result.hpp"
#include "hypervisor/libvirt/library.hpp"

#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace vmms::hypervisor::libvirt {

/// Prepares `root` for qemu:///embed: creates it and, where there is none, `etc/qemu.conf` with the few keys that
/// the driver needs without libvirt's own daemons. A file that is there stays as it is. Errors: invalid_argument
/// (too long for the unix sockets in it), failed (cannot be written).
Status prepare_embedded_root(const std::filesystem::path& root);

/// Whether the socket paths of a domain with this name fit; the error's text says by how much they do not.
Status check_socket_paths(const std::filesystem::path& root, std::string_view domain_name);

/// Whether the user and group exist that libvirt's QEMU driver, started as root, looks up before it reads our settings.
bool has_accounts_of_guests();

/// What to do about libvirt's error when opening `root` failed; empty when it needs no explanation.
std::string explain_open_failure(const std::filesystem::path& root, const LastError& refused,
                                 bool accounts_are_there = geteuid() != 0 || has_accounts_of_guests());

}  // namespace vmms::hypervisor::libvirt
