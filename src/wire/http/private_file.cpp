#include "wire/http/private_file.hpp"

#include "base/file_descriptor.hpp"
#include "base/protected_path.hpp"
#include "base/shell_word.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace vmms::wire::http {
namespace {

Error failed(const char* what, const std::string& path) {
  const int number = errno;
  return error(number == ENOENT ? Failure::not_found : Failure::failed,
               fmt::format("cannot {} {}: {}", what, path, std::error_code(number, std::generic_category()).message()));
}

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

Result<std::string> read(const FileDescriptor& file, const std::string& path, std::size_t limit) {
  std::string content;
  char part[8192];
  while (true) {
    const ssize_t n = ::read(file.get(), part, sizeof part);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("read", path);
    if (n == 0) return content;
    content.append(part, static_cast<std::size_t>(n));
    if (content.size() > limit) {
      return error(Failure::failed, fmt::format("{} is larger than {} bytes; is it the right file?", path, limit));
    }
  }
}

Result<struct stat> status_of(const FileDescriptor& file, const std::string& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed("read", path);
  if (!S_ISREG(status.st_mode)) return error(Failure::failed, fmt::format("{} is not a regular file", path));
  return status;
}

Error open_to_others(const std::string& path, const struct stat& status, const char* what, const char* mend) {
  return error(Failure::access_denied,
               fmt::format("others than its owner may {} {} (mode {:04o}): make sure that it still holds what you put "
                           "there, and close it with: chmod {} {}",
                           what, path, status.st_mode & 07777, mend, shell_word(path)));
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file) return failed("open", path);
  if (const auto status = status_of(file, path); !status) return status.error();
  return read(file, path, limit);
}

Result<std::string> read_protected_file(const std::string& path, std::size_t limit) {
  const auto file = open_protected(path);
  if (!file) return file.error();
  const auto status = status_of(*file, path);
  if (!status) return status.error();
  if (others_may_write(*status)) return open_to_others(path, *status, "write", "go-w");
  return read(*file, path, limit);
}

Result<std::string> read_private_file(const std::string& path, std::size_t limit) {
  const auto file = open_protected(path);
  if (!file) return file.error();
  const auto status = status_of(*file, path);
  if (!status) return status.error();
  if ((status->st_mode & (S_IWGRP | S_IWOTH | S_IROTH)) != 0) {
    const bool writable = (status->st_mode & (S_IWGRP | S_IWOTH)) != 0;
    return open_to_others(path, *status, writable ? "write" : "read", "600");
  }
  return read(*file, path, limit);
}

Status write_private_file(const std::string& path, std::string_view content) {
  const std::unique_ptr<char, decltype(&::free)> real(::realpath(path.c_str(), nullptr), &::free);
  const std::string target = real ? real.get() : path;
  std::string temporary = target + ".XXXXXX";
  const FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));  // makes it with mode 0600
  if (!file) return failed("make a file beside", target);
  struct stat before {};
  struct stat made {};
  if (::stat(target.c_str(), &before) == 0 && ::fstat(file.get(), &made) == 0) {
    const bool other_group = before.st_gid != made.st_gid;
    const bool kept =
        (before.st_uid == made.st_uid && !other_group) || ::fchown(file.get(), before.st_uid, before.st_gid) == 0;
    // Only root can give a file away, and for anybody else there is nothing to give.
    if (!kept && before.st_uid != made.st_uid) {
      const Error e = failed("keep the owner of", target);
      ::unlink(temporary.c_str());
      return e;
    }
    // A group that may read it, as which a daemon runs, goes on reading it.
    if (kept && (before.st_mode & 07777) == 0640) ::fchmod(file.get(), 0640);
  }
  if (!write_all(file.get(), content) || ::fsync(file.get()) != 0 || ::rename(temporary.c_str(), target.c_str()) != 0) {
    const Error e = failed("write", target);
    ::unlink(temporary.c_str());
    return e;
  }
  const std::size_t slash = target.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : target.substr(0, slash + 1);
  const FileDescriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory) ::fsync(directory.get());  // best effort: the rename itself has happened
  return {};
}

}  // namespace vmms::wire::http
