// A regular file of this host that is read from its begin to its end, and whose holes are known.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace vmms {

/// Reading touches nothing of the file: owner, mode, extended attributes and times stay (the time of access where the
/// kernel lets this process leave it alone).
class SourceFile {
 public:
  /// A piece of data; between two of them is a hole, which reads as zeros.
  struct Piece {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
  };
  /// More pieces than this are joined with the holes between them.
  static constexpr std::size_t most_pieces = 256;

  /// Errors: invalid_argument (not absolute, not a regular file), not_found, access_denied, failed.
  static Result<SourceFile> open(const std::string& path);

  SourceFile(SourceFile&& other) noexcept;
  SourceFile& operator=(SourceFile&&) = delete;
  ~SourceFile();

  const std::string& path() const { return path_; }
  std::string name() const { return path_.substr(path_.rfind('/') + 1); }
  std::uint64_t size() const { return size_; }
  std::uint32_t permissions() const { return permissions_; }  ///< the nine bits
  std::int64_t modified() const { return modified_; }         ///< seconds since 1970
  const std::vector<Piece>& pieces() const { return pieces_; }
  std::uint64_t data_bytes() const;  ///< of all pieces

  /// `length` bytes from `offset` on. Errors: failed, also when the file has become shorter.
  Result<std::string> read(std::uint64_t offset, std::size_t length) const;

  /// Whether size or time of modification differ from what they were when it was opened.
  bool changed() const;

 private:
  SourceFile() = default;
  void find_pieces();

  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::uint32_t permissions_ = 0;
  std::int64_t modified_ = 0;
  std::int64_t modified_nanoseconds_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace vmms
