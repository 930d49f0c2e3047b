// A file of this host that appears whole or not at all.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vmms {

/// Bytes go into a file without a name in the target's directory, which is gone when this process dies; where the file
/// system knows none, into one beside the target. `commit` puts it into the target's place.
class TargetFile {
 public:
  /// `path` may name a directory: then the file gets `name` there. Errors: invalid_argument (not absolute),
  /// already_exists (unless `overwrite`), not_found (no such directory, unless `create_path`), access_denied, failed.
  static Result<TargetFile> create(const std::string& path, const std::string& name, bool overwrite, bool create_path);

  TargetFile(TargetFile&& other) noexcept;
  TargetFile& operator=(TargetFile&&) = delete;
  ~TargetFile();

  const std::string& path() const { return path_; }

  /// Appends; zeros in whole blocks become a hole.
  Status write(std::string_view bytes);

  /// `permissions`: the nine bits; `modified`: seconds since 1970.
  Status commit(std::uint32_t permissions, std::int64_t modified);

 private:
  TargetFile() = default;
  Error failed() const;
  bool put_in_place();

  std::string path_;
  std::string part_;  ///< the name of the file that is written; empty: it has none
  bool overwrite_ = false;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace vmms
