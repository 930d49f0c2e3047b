// A folder of this machine below which paths that a client chose are opened, and never outside it.
#pragma once

#include "base/source_file.hpp"
#include "base/target_file.hpp"

#include <cstdint>
#include <string>

struct open_how;

namespace vmms {

/// The folder is opened once. Everything below is found by the kernel in one step from there (openat2 with
/// RESOLVE_BENEATH and RESOLVE_NO_MAGICLINKS), and only that descriptor is used: links, `..` and renames in the middle
/// lead nowhere else. Where the kernel or the container has no openat2, nothing is opened. Thread-safe. Errors of all:
/// invalid_argument, not_found, access_denied (outside the folder, too), not_supported (no openat2), failed.
class FileRoot {
 public:
  /// openat2: the number of a descriptor, or -1 and errno. Tests replace it.
  using OpenAt2 = int (*)(int directory, const char* path, const open_how& how);

  /// `folder` is absolute; `place` is how errors name it. Errors: invalid_argument, not_found, access_denied.
  static Result<FileRoot> open(const std::string& folder, FilePlace place);
  static Result<FileRoot> open(const std::string& folder, FilePlace place, OpenAt2 open_at2);

  /// Whether the kernel and the container let this program use openat2: else everything below is not_supported.
  bool works() const { return works_; }

  const std::string& folder() const { return folder_; }
  int descriptor() const { return directory_.get(); }

  /// A file that is read. `path` is relative to the folder.
  Result<SourceFile> source(const std::string& path) const;
  /// A file that is written; as TargetFile::create, but a link of its name is refused.
  Result<TargetFile> target(const std::string& path, const std::string& name, bool overwrite, bool create_path) const;
  /// Creates a folder and all that are missing above it; one that exists stays as it is.
  Status make_directory(const std::string& path, std::uint32_t permissions) const;

 private:
  FileRoot(std::string folder, FilePlace place, FileDescriptor directory, OpenAt2 open_at2)
      : folder_(std::move(folder)), place_(place), directory_(std::move(directory)), open_at2_(open_at2) {}

  FileDescriptor beneath(const std::string& path, std::uint64_t flags) const;
  Result<FileDescriptor> directory(const std::string& path, bool create, std::uint32_t permissions) const;
  Error refused(const std::string& path, const Error& otherwise, int code) const;
  Error no_openat2(const std::string& path) const;
  bool is_openat2_refused() const;
  std::string shown(const std::string& path) const { return folder_ + "/" + path; }

  std::string folder_;
  FilePlace place_;
  FileDescriptor directory_;
  OpenAt2 open_at2_;
  bool works_ = true;  ///< openat2
};

}  // namespace vmms
