#include "base/target_file.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace vmms {

namespace {

constexpr std::size_t block = 64U << 10;

Error host_error(const std::string& path, const char* what, int code) {
  Failure kind = Failure::failed;
  if (code == ENOENT || code == ENOTDIR) kind = Failure::not_found;
  if (code == EACCES || code == EPERM || code == EROFS) kind = Failure::access_denied;
  if (code == EEXIST) kind = Failure::already_exists;
  return error(kind, fmt::format("the file {:.1000} on the host cannot be {}: {}", path, what, std::strerror(code)));
}

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == '\0'; });
}

}  // namespace

Result<TargetFile> TargetFile::create(const std::string& path, const std::string& name, bool overwrite,
                                      bool create_path) {
  if (!path.starts_with('/') || path.find('\0') != std::string::npos)
    return error(Failure::invalid_argument,
                 fmt::format("DestinationPath \"{:.1000}\" is not an absolute path on the host", path));
  std::error_code problem;
  std::filesystem::path target(path);
  const bool names_directory = path.ends_with('/') || std::filesystem::is_directory(target, problem);
  if (names_directory) target /= name;
  if (std::filesystem::is_symlink(target, problem)) target = std::filesystem::weakly_canonical(target, problem);
  const std::filesystem::path folder = target.parent_path();
  if (create_path && !std::filesystem::create_directories(folder, problem) && problem)
    return host_error(folder, "made", problem.value());
  if (std::filesystem::is_directory(target, problem)) return host_error(target, "written", EISDIR);
  if (!overwrite && std::filesystem::exists(target, problem)) return host_error(target, "written", EEXIST);

  TargetFile file;
  file.path_ = target;
  file.overwrite_ = overwrite;
  std::string part = folder / fmt::format(".vmms-{}.part", random_guid());
  file.descriptor_ = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file.descriptor_ < 0) return host_error(target, "written", errno);
  file.part_ = std::move(part);
  return file;
}

TargetFile::TargetFile(TargetFile&& other) noexcept
    : path_(std::move(other.path_)),
      part_(std::exchange(other.part_, {})),
      overwrite_(other.overwrite_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_) {}

TargetFile::~TargetFile() {
  if (descriptor_ >= 0) close(descriptor_);
  if (!part_.empty()) unlink(part_.c_str());
}

Error TargetFile::failed(const char* what) const { return host_error(path_, what, errno); }

Status TargetFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, block);
    if (piece.size() == block && all_zero(piece)) {
      size_ += block;
      bytes.remove_prefix(block);
      continue;
    }
    const ssize_t count = pwrite(descriptor_, piece.data(), piece.size(), static_cast<off_t>(size_));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed("written");
    size_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Status TargetFile::commit(std::uint32_t permissions, std::int64_t modified) {
  const std::array<timespec, 2> times{timespec{0, UTIME_OMIT}, timespec{modified, 0}};
  if (ftruncate(descriptor_, static_cast<off_t>(size_)) != 0 || fchmod(descriptor_, permissions & 0777U) != 0 ||
      futimens(descriptor_, times.data()) != 0 || fsync(descriptor_) != 0)
    return failed("written");
  const int renamed = overwrite_ ? rename(part_.c_str(), path_.c_str())
                                 : renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE);
  if (renamed != 0) return failed("written");
  part_.clear();
  return {};
}

}  // namespace vmms
