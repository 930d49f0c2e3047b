// A file of this host that appears whole or not at all.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vmms {

/// Bytes go into a file beside the target; `commit` puts it into the target's place, the end of an uncommitted one
/// removes it.
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
  Error failed(const char* what) const;

  std::string path_;
  std::string part_;
  bool overwrite_ = false;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace vmms
