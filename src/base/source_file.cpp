#include "base/source_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace vmms {

namespace {

Error cannot_read(const std::string& path, int code) {
  Failure kind = Failure::failed;
  if (code == ENOENT || code == ENOTDIR) kind = Failure::not_found;
  if (code == EACCES || code == EPERM) kind = Failure::access_denied;
  return error(kind, fmt::format("the file {:.1000} on the host cannot be read: {}", path, std::strerror(code)));
}

}  // namespace

Result<SourceFile> SourceFile::open(const std::string& path) {
  if (!path.starts_with('/') || path.find('\0') != std::string::npos)
    return error(Failure::invalid_argument,
                 fmt::format("SourcePath \"{:.1000}\" is not the absolute path of a file on the host", path));
  SourceFile file;
  file.path_ = path;
  // A FIFO would hold us at once, without O_NONBLOCK; only a file's owner may leave its time of access alone.
  constexpr int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  file.descriptor_ = ::open(path.c_str(), flags | O_NOATIME);
  if (file.descriptor_ < 0 && errno == EPERM) file.descriptor_ = ::open(path.c_str(), flags);
  if (file.descriptor_ < 0) return cannot_read(path, errno);
  struct stat status {};
  if (fstat(file.descriptor_, &status) != 0) return cannot_read(path, errno);
  if (!S_ISREG(status.st_mode))
    return error(Failure::invalid_argument, fmt::format("{:.1000} on the host is not a file", path));
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  file.permissions_ = status.st_mode & 0777U;
  file.modified_ = status.st_mtim.tv_sec;
  file.modified_nanoseconds_ = status.st_mtim.tv_nsec;
  file.find_pieces();
  return file;
}

SourceFile::SourceFile(SourceFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      permissions_(other.permissions_),
      modified_(other.modified_),
      modified_nanoseconds_(other.modified_nanoseconds_),
      pieces_(std::move(other.pieces_)) {}

SourceFile::~SourceFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

void SourceFile::find_pieces() {
  for (std::uint64_t at = 0; at < size_;) {
    const off_t begin = lseek(descriptor_, static_cast<off_t>(at), SEEK_DATA);
    if (begin < 0 && errno == ENXIO) break;  // nothing but a hole up to the end
    off_t end = begin < 0 ? -1 : lseek(descriptor_, begin, SEEK_HOLE);
    Piece piece{begin < 0 ? at : static_cast<std::uint64_t>(begin), 0};
    // A file system that knows no holes, or a file that changes under us.
    const std::uint64_t limit =
        end <= begin || static_cast<std::uint64_t>(end) > size_ ? size_ : static_cast<std::uint64_t>(end);
    if (piece.offset >= size_) break;
    piece.length = limit - piece.offset;
    at = limit;
    if (pieces_.size() < most_pieces)
      pieces_.push_back(piece);
    else
      pieces_.back().length = limit - pieces_.back().offset;
  }
}

std::uint64_t SourceFile::data_bytes() const {
  std::uint64_t bytes = 0;
  for (const Piece& piece : pieces_) bytes += piece.length;
  return bytes;
}

Result<std::string> SourceFile::read(std::uint64_t offset, std::size_t length) const {
  std::string bytes(length, '\0');
  for (std::size_t done = 0; done < length;) {
    const ssize_t count = pread(descriptor_, bytes.data() + done, length - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(path_, errno);
    if (count == 0)
      return error(Failure::failed,
                   fmt::format("the file {:.1000} on the host became shorter while it was copied", path_));
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

bool SourceFile::changed() const {
  struct stat status {};
  return fstat(descriptor_, &status) != 0 || static_cast<std::uint64_t>(status.st_size) != size_ ||
         status.st_mtim.tv_sec != modified_ || status.st_mtim.tv_nsec != modified_nanoseconds_;
}

}  // namespace vmms
