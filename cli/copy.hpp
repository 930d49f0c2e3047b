// What the two ways of vmms copy share.
#pragma once

#include "cli/guest_file.hpp"
#include "cli/progress.hpp"
#include "cli/session.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vmms::cli {

constexpr std::size_t most_files = 1000;  ///< of one copy, as on the server

struct CopyOptions {
  std::vector<std::string> paths;  ///< what is copied, then where to
  bool overwrite = false;
  bool create_path = false;
  bool recursive = false;
  bool on_server = false;

  std::vector<std::string> sources() const { return {paths.begin(), paths.end() - 1}; }
  const std::string& target() const { return paths.back(); }
};

/// How a copy ended.
struct CopyEnd {
  bool succeeded = false;
  bool cancelled = false;
  std::string job;  ///< InstanceID of the last one
  std::uint32_t error_code = 0;
  std::string error;
};

/// Whether VM:PATH named a file that the guest does not have, which is a mistake in the command, not in the copy. A
/// guest that is off, or has no agent, is not found either, but is no mistake.
bool names_no_file(Session& session, const VirtualMachine& machine, const Error& why);

/// Reports it, and returns the exit status. `bytes`: how many moved, where that is known here.
int tell_copy(const Console& console, const VirtualMachine& machine, const Progress& progress,
              std::optional<std::uint64_t> bytes, const CopyEnd& end);

/// The files of a guest that are copied, which must be of one VM.
Result<std::vector<GuestPath>> guest_sources(Session& session, const CopyOptions& options);

/// --on-server: CopyFilesToGuest and CopyFilesFromGuest with files of the server's machine.
Result<int> copy_on_server(Session& session, const CopyOptions& options, bool from_guest);

}  // namespace vmms::cli
