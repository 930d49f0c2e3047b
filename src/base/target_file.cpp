#include "base/target_file.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace vmms {

namespace {

constexpr std::size_t block = 64U << 10;
constexpr std::uint64_t most_kept_free = 1U << 30;
constexpr std::uint64_t most_kept_files = 10'000;

std::string part_name() { return fmt::format(".vmms-{}.part", random_guid()); }

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == '\0'; });
}

}  // namespace

Result<TargetFile> TargetFile::create(const std::string& path, const std::string& name, bool overwrite,
                                      bool create_path) {
  if (!path.starts_with('/') || path.find('\0') != std::string::npos)
    return error(Failure::invalid_argument, fmt::format("\"{:.1000}\" is not an absolute path", path));
  std::error_code problem;
  std::filesystem::path target(path);
  const bool names_directory = path.ends_with('/') || std::filesystem::is_directory(target, problem);
  if (names_directory) target /= name;
  if (std::filesystem::is_symlink(target, problem)) {
    target = std::filesystem::weakly_canonical(target, problem);
    if (problem)
      return error(Failure::invalid_argument,
                   fmt::format("{} is a symbolic link to what has no name, such as a pipe; only files are replaced",
                               place_of(path, FilePlace::here)));
  }
  const std::filesystem::path folder = target.parent_path();
  if (create_path && !std::filesystem::create_directories(folder, problem) && problem)
    return cannot_write(folder, FilePlace::here, "made", problem.value());
  FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno == ENOENT) return no_directory(target, FilePlace::here);
  if (!directory) return cannot_write(target, FilePlace::here, "written", errno);
  return create_in(std::move(directory), target.filename(), {target, FilePlace::here}, overwrite);
}

Result<TargetFile> TargetFile::create_in(FileDescriptor directory, const std::string& name, const Shown& shown,
                                         bool overwrite) {
  const auto refused = [&](int code) { return cannot_write(shown.path, shown.place, "written", code); };
  if (name.empty() || name == "." || name == ".." ||
      name.find_first_of(std::string_view("/\0", 2)) != std::string::npos)
    return error(Failure::invalid_argument, fmt::format("{} names no file", place_of(shown.path, shown.place)));
  struct stat status {};
  if (fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISDIR(status.st_mode)) return refused(EISDIR);
    if (!overwrite) return refused(EEXIST);
    if (!S_ISREG(status.st_mode))
      return error(Failure::invalid_argument,
                   fmt::format("{} is {}; only files are replaced", place_of(shown.path, shown.place),
                               S_ISLNK(status.st_mode) ? "a symbolic link" : "a device, a pipe or a socket"));
  }
  TargetFile file;
  file.path_ = shown.path;
  file.place_ = shown.place;
  file.name_ = name;
  file.overwrite_ = overwrite;
  file.directory_ = std::move(directory);
  file.file_ = FileDescriptor(openat(file.directory_.get(), ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600));
  if (!file.file_) {
    std::string part = part_name();
    file.file_ = FileDescriptor(
        openat(file.directory_.get(), part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file.file_) return refused(errno);
    file.part_ = std::move(part);
  }
  return file;
}

TargetFile::TargetFile(TargetFile&& other) noexcept
    : path_(std::move(other.path_)),
      place_(other.place_),
      name_(std::move(other.name_)),
      part_(std::exchange(other.part_, {})),
      overwrite_(other.overwrite_),
      directory_(std::move(other.directory_)),
      file_(std::move(other.file_)),
      largest_(other.largest_),
      size_(other.size_) {}

TargetFile::~TargetFile() {
  if (!part_.empty()) unlinkat(directory_.get(), part_.c_str(), 0);
}

Error TargetFile::failed() const { return cannot_write(path_, place_, "written", errno); }

Status TargetFile::check_room(std::uint64_t more) const {
  struct statvfs space {};
  if (fstatvfs(file_.get(), &space) != 0 || space.f_blocks == 0) return {};  // a file system that does not report it
  const std::uint64_t kept = std::min<std::uint64_t>(most_kept_free, space.f_blocks * space.f_frsize / 20);
  const std::uint64_t free = space.f_bavail * space.f_frsize;
  // Many small files fill a file system, too; one that allocates inodes as needed reports none.
  const std::uint64_t kept_files = std::min<std::uint64_t>(most_kept_files, space.f_files / 20);
  if (place_ == FilePlace::host && space.f_files > 0 && space.f_favail < kept_files)
    return error(
        Failure::failed,
        fmt::format("the file {} cannot be written: its file system has room for {} more files, and {} stay free",
                    place_of(path_, place_), space.f_favail, kept_files));
  if (free >= kept && more <= free - kept) return {};
  return error(
      Failure::failed,
      fmt::format("the file {} cannot be written: {} more bytes do not fit; {} are free there, of which {} stay free",
                  place_of(path_, place_), more, free, kept));
}

Status TargetFile::expect(std::uint64_t size) {
  if (size > largest_)
    return error(Failure::failed,
                 fmt::format("the file for {:.1000} has {} bytes; at most {} are copied", path_, size, largest_));
  return check_room(size);
}

Status TargetFile::write(std::string_view bytes) {
  if (bytes.size() > largest_ - std::min(largest_, size_)) return expect(size_ + bytes.size());
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, block);
    if (piece.size() == block && all_zero(piece)) {
      size_ += block;
      bytes.remove_prefix(block);
      continue;
    }
    // Each time: others write there meanwhile, and checking costs little compared with writing.
    if (const Status room = check_room(bytes.size()); !room) return room;
    const ssize_t count = pwrite(file_.get(), piece.data(), piece.size(), static_cast<off_t>(size_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed();
    size_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Status TargetFile::commit(std::uint32_t permissions, std::int64_t modified) {
  const std::array<timespec, 2> times{timespec{0, UTIME_OMIT}, timespec{modified, 0}};
  if (ftruncate(file_.get(), static_cast<off_t>(size_)) != 0 || fchmod(file_.get(), permissions & 0777U) != 0 ||
      futimens(file_.get(), times.data()) != 0 || fsync(file_.get()) != 0)
    return failed();
  if (!put_in_place()) return failed();
  return {};
}

bool TargetFile::put_in_place() {
  const std::string unnamed = fmt::format("/proc/self/fd/{}", file_.get());
  const auto link_as = [&](const std::string& name) {
    return linkat(AT_FDCWD, unnamed.c_str(), directory_.get(), name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  };
  if (part_.empty() && !overwrite_) return link_as(name_);
  if (part_.empty()) {
    std::string part = part_name();
    if (!link_as(part)) return false;
    part_ = std::move(part);
  }
  const unsigned flags = overwrite_ ? 0 : RENAME_NOREPLACE;
  if (renameat2(directory_.get(), part_.c_str(), directory_.get(), name_.c_str(), flags) != 0) return false;
  part_.clear();
  return true;
}

}  // namespace vmms
