// What a libvirt URI says without connecting: the embedded driver's directory, and where local files of domains are.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::hypervisor::libvirt {

/// DIR of `qemu:///embed?root=DIR`; nothing for other URIs. Errors: invalid_argument when an embed URI has no usable
/// root.
Result<std::optional<std::filesystem::path>> embedded_root(std::string_view uri);

/// Whether the driver runs inside this process, so that a call occupies only its own thread.
bool in_process(std::string_view uri);

/// The URI without its parameters, for people: "qemu:///embed".
std::string short_uri(std::string_view uri);

/// Where the QEMU driver of this URI keeps files with information that its API lacks. Empty for a driver on another
/// machine.
struct LocalFiles {
  std::filesystem::path configuration;  ///< NAME.xml: its change is the configuration's
  std::filesystem::path state;          ///< NAME.pid: QEMU's process id, written at start
};
LocalFiles local_files(std::string_view uri);

}  // namespace vmms::hypervisor::libvirt
