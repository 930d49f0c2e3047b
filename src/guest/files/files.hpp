// Files of a guest: list, describe and remove them, copy in both directions.
#pragma once

#include "base/byte_stream.hpp"
#include "base/result.hpp"
#include "guest/agent/execution.hpp"
#include "guest/files/copy_observer.hpp"
#include "guest/services/capabilities.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::guest {

/// One file of a guest. Names are as the guest reports them, made printable.
struct FileInformation {
  enum class Type : std::uint8_t { other, file, directory, link };
  std::string name;
  Type type = Type::other;
  std::uint64_t size = 0;         ///< bytes
  std::uint32_t permissions = 0;  ///< with set-user-ID, set-group-ID and sticky bits
  std::int64_t modified = 0;      ///< seconds since 1970
  std::string owner;
  std::string group;
};

struct DirectoryListing {
  std::vector<FileInformation> entries;  ///< ascending by name
  bool complete = true;                  ///< false: there are more than are listed
};

/// $VARIABLES in paths are those of the guest's agent. Failures: as of Guest, and
///   not_found         no such file or directory
///   already_exists    it is there and must not be overwritten
///   access_denied     the guest refused it (permissions, read-only or immutable)
///   invalid_argument  the path cannot be used: relative, a directory where a file is wanted, control characters
///   failed            any other failure of the guest: no space, a hash that differs
class Files {
 public:
  explicit Files(std::shared_ptr<Transport> transport, std::shared_ptr<AbandonedProcesses> abandoned)
      : transport_(std::move(transport)), abandoned_(std::move(abandoned)) {}

  Result<FileInformation> describe(const std::string& path, Clock::time_point deadline) const;
  /// A file whose content is wanted: where the path is a link, its target. Errors also: invalid_argument when it is not
  /// a regular file.
  Result<FileInformation> describe_content(const std::string& path, Clock::time_point deadline) const;
  Result<DirectoryListing> list(const std::string& path, Clock::time_point deadline) const;
  /// Whether it was created: one that exists stays as it is. Its parent must exist.
  Result<bool> make_directory(const std::string& path, std::uint32_t permissions, Clock::time_point deadline) const;
  /// A file or an empty directory.
  Status remove(const std::string& path, Clock::time_point deadline) const;
  /// Removes the part file of a copy that was interrupted, if it is still there.
  Status discard(const PartFile& part, Clock::time_point deadline) const;

 private:
  Result<FileInformation> describe(const std::string& path, bool follow, Clock::time_point deadline) const;
  Result<std::string> run(const Script& script, const std::string& path, Clock::time_point deadline) const;

  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<AbandonedProcesses> abandoned_;
};

/// `$0` of the scripts, by which a simulated guest knows them.
inline constexpr std::string_view file_prepare_script = "vmms-file-prepare";
inline constexpr std::string_view file_receive_script = "vmms-file-receive";
inline constexpr std::string_view file_discard_script = "vmms-file-discard";
inline constexpr std::string_view file_describe_script = "vmms-file-describe";
inline constexpr std::string_view file_list_script = "vmms-file-list";
inline constexpr std::string_view file_remove_script = "vmms-file-remove";
inline constexpr std::string_view file_send_script = "vmms-file-send";
inline constexpr std::string_view file_make_directory_script = "vmms-file-make-directory";

/// The value of `Key=` at the beginning of a line of `text`; empty when there is none.
std::string_view line_value(std::string_view text, std::string_view key);

/// What a file script's `Error=CODE` means for `path`; `words` is its standard error.
Error file_error(std::string_view code, const std::string& path, std::string_view words);

/// What a failure of a file script means in a guest that is known (null: it is not) to run Windows, where there is no
/// shell for it; otherwise, and where the guest was not reached at all, `why`.
Error without_shell(const std::shared_ptr<const Capabilities>& known, const Error& why);

/// Whether the path may be sent to a guest. Errors: invalid_argument.
Status check_guest_path(std::string_view path);

/// One line of stat(1): "81a4 5 1763800000 root root ./name"; nothing when it is not one.
std::optional<FileInformation> read_stat_line(std::string_view line);

/// What the list script printed.
DirectoryListing read_listing(std::string_view text);

}  // namespace vmms::guest
