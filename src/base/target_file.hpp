// A file of this machine that appears whole or not at all.
#pragma once

#include "base/byte_stream.hpp"
#include "base/file_descriptor.hpp"
#include "base/file_error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace vmms {

/// Bytes go into a file without a name in the target's directory, which is gone when this process dies; where the file
/// system does not support that, into one beside the target. `commit` moves it to the target's name. The directory is
/// opened once; everything happens in it, even if its path names another directory meanwhile.
class TargetFile : public ByteSink {
 public:
  /// By its name, as the user who runs this program, who reads its errors. `path` may name a directory: then the file
  /// gets `name` there. Errors: invalid_argument (not absolute), already_exists (unless `overwrite`), not_found (no
  /// such directory, unless `create_path`), access_denied, failed.
  static Result<TargetFile> create(const std::string& path, const std::string& name, bool overwrite, bool create_path);
  /// How its errors name it.
  struct Shown {
    std::string path;
    FilePlace place;
  };
  /// `name` in a directory that is open already. A link of that name is refused.
  static Result<TargetFile> create_in(FileDescriptor directory, const std::string& name, const Shown& shown,
                                      bool overwrite);

  TargetFile(TargetFile&& other) noexcept;
  TargetFile& operator=(TargetFile&&) = delete;
  ~TargetFile() override;

  const std::string& path() const { return path_; }
  /// Errors come beyond this size. No limit by default.
  void limit(std::uint64_t largest) { largest_ = largest; }

  /// Of the file system's free space a twentieth of its size, at most 1 GiB, is left free, and on the host a
  /// twentieth of the files that it can have, at most 10,000. Errors: failed.
  Status expect(std::uint64_t size) override;
  /// Appends; zeros in whole blocks become a hole.
  Status write(std::string_view bytes) override;
  Status commit(std::uint32_t permissions, std::int64_t modified) override;

 private:
  TargetFile() = default;
  Error failed() const;
  Status check_room(std::uint64_t more) const;
  bool put_in_place();

  std::string path_;
  FilePlace place_ = FilePlace::here;
  std::string name_;
  std::string part_;  ///< the name of the file that is written; empty: it has none
  bool overwrite_ = false;
  FileDescriptor directory_;
  FileDescriptor file_;
  std::uint64_t largest_ = UINT64_MAX;
  std::uint64_t size_ = 0;
};

}  // namespace vmms
