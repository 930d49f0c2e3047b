// A regular file of this machine that is read from beginning to end, and whose holes are known.
#pragma once

#include "base/byte_stream.hpp"
#include "base/file_descriptor.hpp"
#include "base/file_error.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vmms {

/// Reading touches nothing of the file: owner, mode, extended attributes and times stay (the time of access where the
/// kernel lets this process leave it alone). The size that the kernel reports is believed for large files only, and
/// checked by reading; small ones, among them those of /proc and /sys, are read to their end when they are opened.
class SourceFile : public ByteSource {
 public:
  /// More pieces than this are joined with the holes between them.
  static constexpr std::size_t most_pieces = 256;
  /// A file whose size is said to be at most this is read at once …
  static constexpr std::uint64_t small_size = 64U << 10;
  /// … and is refused when it holds more than this.
  static constexpr std::size_t most_held = 16U << 20;

  /// By its name, as the user who runs this program, who reads its errors. Errors: invalid_argument (not absolute, not
  /// a regular file), not_found, access_denied, failed.
  static Result<SourceFile> open(const std::string& path);
  /// One that is open already, for reading and without waiting (O_NONBLOCK). Errors: the same; they name the place.
  static Result<SourceFile> adopt(FileDescriptor file, const std::string& path, FilePlace place);

  const std::string& path() const { return path_; }
  int descriptor() const { return file_.get(); }
  std::string name() const override { return path_.substr(path_.rfind('/') + 1); }
  std::uint64_t size() const override { return size_; }
  std::uint32_t permissions() const override { return permissions_; }
  std::int64_t modified() const override { return modified_; }
  const std::vector<Piece>& pieces() const override { return pieces_; }
  bool at_hand() const override { return true; }

  /// Errors: failed, also when the file has become shorter.
  Result<std::string> read(std::uint64_t offset, std::size_t length) const override;

  /// Errors: failed, when the file changed since it was opened.
  Status confirm() const override;

 private:
  SourceFile() = default;
  Status hold();
  void find_pieces();

  std::string path_;
  FilePlace place_ = FilePlace::here;
  FileDescriptor file_;
  bool held_ = false;
  std::string content_;  ///< of a small file
  std::uint64_t size_ = 0;
  std::uint32_t permissions_ = 0;
  std::int64_t modified_ = 0;
  std::int64_t modified_nanoseconds_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace vmms
