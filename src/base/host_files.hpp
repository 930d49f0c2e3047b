// The files of this host that requests may name: below folders that the administrator named, separately for reading and
// for writing.
#pragma once

#include "base/file_root.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace vmms {

/// Nothing may be read or written by default. The same for every caller. Thread-safe.
class HostFiles {
 public:
  /// "NAME=/folder".
  struct Named {
    std::string name;
    std::string folder;
  };
  /// What no folder may contain or lie in.
  struct Private {
    std::string what;  ///< for people: "the users file"
    std::string path;  ///< of a file or a folder; it need not exist
  };
  struct Options {
    std::vector<Named> read;
    std::vector<Named> write;
    std::vector<Private> keep_out;
    std::uint64_t largest = 1ULL << 40;  ///< bytes of one file
    std::string mountinfo = "/proc/self/mountinfo";
  };

  /// Errors: invalid_argument ("NAME=/folder" is meant).
  static Result<Named> parse(const std::string& text);

  /// Opens the folders. Errors, in words for the administrator: invalid_argument (one contains something private, or
  /// lies in it: compared by device and inode, so that links do not hide it, and with all that is mounted below it now
  /// by device and place there, so that mounts of a part do not either), not_found, access_denied, failed.
  static Result<std::shared_ptr<const HostFiles>> open(const Options& options);

  /// Whether they could be opened with these files kept out. Errors: as of open().
  Status check(const std::vector<Private>& keep_out) const;
  /// What is kept out from now on, once check() has said that it can be.
  void keep_out(std::vector<Private> keep_out) const;

  /// By an absolute path below one of the folders. Errors: as of FileRoot; access_denied when it lies below none, and
  /// when the file is one that is kept out, by another name (a hard link).
  Result<SourceFile> source(const std::string& path) const;
  Result<TargetFile> target(const std::string& path, const std::string& name, bool overwrite, bool create_path) const;

 private:
  struct Root {
    std::string name;
    FileRoot files;
  };
  struct Place {
    const FileRoot* root = nullptr;
    std::string path;  ///< relative to it
  };

  bool is_private(const SourceFile& file) const;
  static Result<Place> find(const std::vector<Root>& roots, const std::string& path, const char* key, const char* does);

  std::vector<Root> read_;
  std::vector<Root> write_;
  std::uint64_t largest_ = 0;
  Options options_;  ///< as they were opened
  mutable std::mutex mutex_;
  mutable std::vector<Private> keep_out_;  ///< now
};

}  // namespace vmms
