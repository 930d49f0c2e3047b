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

std::string part_name(const std::filesystem::path& target) {
  return target.parent_path() / fmt::format(".vmms-{}.part", random_guid());
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
  file.descriptor_ = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (file.descriptor_ < 0) {
    std::string part = part_name(file.path_);
    file.descriptor_ = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file.descriptor_ < 0) return host_error(target, "written", errno);
    file.part_ = std::move(part);
  }
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

Error TargetFile::failed() const { return host_error(path_, "written", errno); }

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
    if (count < 0) return failed();
    size_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Status TargetFile::commit(std::uint32_t permissions, std::int64_t modified) {
  const std::array<timespec, 2> times{timespec{0, UTIME_OMIT}, timespec{modified, 0}};
  if (ftruncate(descriptor_, static_cast<off_t>(size_)) != 0 || fchmod(descriptor_, permissions & 0777U) != 0 ||
      futimens(descriptor_, times.data()) != 0 || fsync(descriptor_) != 0)
    return failed();
  if (!put_in_place()) return failed();
  return {};
}

bool TargetFile::put_in_place() {
  const std::string unnamed = fmt::format("/proc/self/fd/{}", descriptor_);
  const auto link_as = [&](const std::string& name) {
    return linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
  };
  if (part_.empty() && !overwrite_) return link_as(path_);
  if (part_.empty()) {
    std::string part = part_name(path_);
    if (!link_as(part)) return false;
    part_ = std::move(part);
  }
  const unsigned flags = overwrite_ ? 0 : RENAME_NOREPLACE;
  if (renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, path_.c_str(), flags) != 0) return false;
  part_.clear();
  return true;
}

}  // namespace vmms
