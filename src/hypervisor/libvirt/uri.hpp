// What a libvirt URI tells without connecting: the embedded driver's directory, and where local files of domains lie.
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

/// Whether the driver runs inside this process, so that a call occupies nothing but its own thread.
bool in_process(std::string_view uri);

/// The URI without its parameters, for people: "qemu:///embed".
std::string short_uri(std::string_view uri);

/// Where the QEMU driver of this URI keeps files that say what its API does not. Empty for another machine's driver.
struct LocalFiles {
  std::filesystem::path configuration;  ///< NAME.xml: its change is the configuration's
  std::filesystem::path state;          ///< NAME.pid: QEMU's process id, written at start
};
LocalFiles local_files(std::string_view uri);

}  // namespace vmms::hypervisor::libvirt
