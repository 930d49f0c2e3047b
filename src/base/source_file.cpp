#include "base/source_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace vmms {

namespace {

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

Result<SourceFile> SourceFile::open(const std::string& path) {
  if (!path.starts_with('/') || path.find('\0') != std::string::npos)
    return error(Failure::invalid_argument, fmt::format("\"{:.1000}\" is not the absolute path of a file", path));
  // Without O_NONBLOCK, opening a FIFO would block.
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return cannot_read(path, FilePlace::here, errno);
  return adopt(std::move(file), path, FilePlace::here);
}

Result<SourceFile> SourceFile::adopt(FileDescriptor opened, const std::string& path, FilePlace place) {
  struct stat status {};
  if (fstat(opened.get(), &status) != 0) return cannot_read(path, place, errno);
  if (!S_ISREG(status.st_mode))
    return error(Failure::invalid_argument, fmt::format("{} is {}, not a file; only files are copied",
                                                        place_of(path, place), kind_of(status.st_mode)));
  SourceFile file;
  file.path_ = path;
  file.place_ = place;
  file.file_ = std::move(opened);
  file.size_ = static_cast<std::uint64_t>(status.st_size);
  file.permissions_ = status.st_mode & 0777U;
  file.modified_ = status.st_mtim.tv_sec;
  file.modified_nanoseconds_ = status.st_mtim.tv_nsec;
  // Only a file's owner may leave its time of access alone.
  fcntl(file.file_.get(), F_SETFL, O_NONBLOCK | O_NOATIME);
  if (file.size_ <= small_size) {
    if (const Status held = file.hold(); !held) return held.error();
  } else {
    file.find_pieces();
  }
  return file;
}

Status SourceFile::hold() {
  constexpr std::size_t step = 64U << 10;
  for (;;) {
    const std::size_t before = content_.size();
    content_.resize(before + step);
    const ssize_t count = ::read(file_.get(), content_.data() + before, step);
    content_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(path_, place_, errno);
    if (count == 0) break;
    if (content_.size() > most_held)
      return error(Failure::failed,
                   fmt::format("the file {} says that it holds {} bytes and holds more than {} MiB; write what you "
                               "want of it into a file of its own, and copy that",
                               place_of(path_, place_), size_, most_held >> 20));
  }
  held_ = true;
  size_ = content_.size();
  if (size_ > 0) pieces_.push_back({0, size_});
  return {};
}

void SourceFile::find_pieces() {
  const int descriptor = file_.get();
  for (std::uint64_t at = 0; at < size_;) {
    const off_t begin = lseek(descriptor, static_cast<off_t>(at), SEEK_DATA);
    if (begin < 0 && errno == ENXIO) break;  // nothing but a hole up to the end
    off_t end = begin < 0 ? -1 : lseek(descriptor, begin, SEEK_HOLE);
    Piece piece{begin < 0 ? at : static_cast<std::uint64_t>(begin), 0};
    // A file system without holes, or a file that changes while we read it.
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
  if (pieces_.empty()) pieces_.push_back({0, 1});  // a list of pieces that is empty cannot be sent
}

Result<std::string> SourceFile::read(std::uint64_t offset, std::size_t length) const {
  const auto shorter = [this] {
    return error(Failure::failed, fmt::format("the file {} became shorter while it was copied, or holds less than the "
                                              "{} bytes that it says; copy it again",
                                              place_of(path_, place_), size_));
  };
  if (held_) {
    if (offset > content_.size() || length > content_.size() - offset) return shorter();
    return content_.substr(offset, length);
  }
  std::string bytes(length, '\0');
  for (std::size_t done = 0; done < length;) {
    const ssize_t count = pread(file_.get(), bytes.data() + done, length - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(path_, place_, errno);
    if (count == 0) return shorter();
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

Status SourceFile::confirm() const {
  if (held_) return {};  // it was read to its end, at one moment
  struct stat status {};
  char more = 0;
  if (fstat(file_.get(), &status) == 0 && static_cast<std::uint64_t>(status.st_size) == size_ &&
      status.st_mtim.tv_sec == modified_ && status.st_mtim.tv_nsec == modified_nanoseconds_ &&
      pread(file_.get(), &more, 1, static_cast<off_t>(size_)) == 0)
    return {};
  return error(Failure::failed,
               fmt::format("the file {} changed while it was copied; copy it again", place_of(path_, place_)));
}

}  // namespace vmms
