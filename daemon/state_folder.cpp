#include "daemon/state_folder.hpp"

#include "base/file_descriptor.hpp"
#include "base/protected_path.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>
#include <system_error>

namespace vmms::daemon {

namespace {

constexpr const char* lock_name = "lock";
// The users file is not among them: one that others could write is refused, not used.
constexpr const char* own_files[] = {"jobs.sqlite",         "jobs.sqlite-wal", "jobs.sqlite-shm",
                                     "tls-certificate.pem", "tls-key.pem",     "host-uuid"};

std::string reason(int number) { return std::error_code(number, std::generic_category()).message(); }

}  // namespace

Error StateFolder::failed(std::string_view what) const {
  return error(Failure::failed, fmt::format("the state folder {} cannot be {}: {}; choose another with --state", path_,
                                            what, reason(errno)));
}

Result<std::unique_ptr<StateFolder>> StateFolder::open(const std::string& path) {
  std::unique_ptr<StateFolder> folder(new StateFolder(path));
  if (const Status opened = folder->open_folder(); !opened) return opened.error();
  if (const Status locked = folder->lock(); !locked) return locked.error();
  if (const Status tight = folder->tighten(); !tight) return tight.error();
  return folder;
}

StateFolder::~StateFolder() {
  if (lock_ >= 0) ::close(lock_);  // ends the lock
  if (folder_ >= 0) ::close(folder_);
}

Status StateFolder::open_folder() {
  std::error_code problem;
  const auto absolute = std::filesystem::absolute(path_, problem);
  auto closest = absolute;  // that is there
  while (!std::filesystem::exists(std::filesystem::symlink_status(closest, problem)) && closest.has_relative_path())
    closest = closest.parent_path();
  // Nothing is created, nor its mode changed, where another user controls the path.
  if (closest != absolute)
    if (const auto way = open_protected(closest); !way) return unprotected(way.error());
  const auto parent = std::filesystem::path(path_).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, problem);
  if (::mkdir(path_.c_str(), 0700) != 0 && errno != EEXIST) return failed("made");
  const FileDescriptor seen(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  struct stat status {};
  if (!seen || ::fstat(seen.get(), &status) != 0) return failed("opened");
  if (status.st_uid != ::geteuid())
    return error(
        Failure::failed,
        fmt::format("the state folder {} belongs to user {}, who could change what is in it: give it to user {} "
                    "(chown {} {}), or choose another with --state",
                    path_, status.st_uid, ::geteuid(), ::geteuid(), path_));
  // /tmp and its like are for everybody, and must stay usable for all.
  if ((status.st_mode & S_ISVTX) != 0)
    return error(Failure::failed,
                 fmt::format("the folder {} is for all users (mode {:o}): choose one of its own for the "
                             "state with --state",
                             path_, status.st_mode & 07777));
  const auto folder = open_protected_folder(path_);
  if (!folder) return unprotected(folder.error());
  folder_ = ::openat(folder->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder_ < 0 || ::fstat(folder_, &status) != 0) return failed("opened");
  if (status.st_uid != ::geteuid() || (status.st_mode & S_ISVTX) != 0)
    return error(Failure::failed, fmt::format("the state folder {} was just replaced by another", path_));
  return {};
}

Error StateFolder::unprotected(const Error& why) {
  return error(why.kind,
               fmt::format("the state folder cannot be used: {}; or choose another with --state", why.message));
}

Status StateFolder::lock() {
  lock_ = ::openat(folder_, lock_name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (lock_ < 0) return failed("locked");
  if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("locked");
    char text[32] = {};
    const ssize_t size = ::pread(lock_, text, sizeof text, 0);
    long process = 0;
    if (size > 0) std::from_chars(text, text + size, process);
    return error(Failure::already_exists,
                 fmt::format("the state folder {} is in use by another vmmsd{}: end that one, or choose another folder "
                             "with --state",
                             path_, process > 0 ? fmt::format(" (process {})", process) : std::string()));
  }
  const std::string process = fmt::format("{}\n", ::getpid());
  if (::ftruncate(lock_, 0) != 0 || ::pwrite(lock_, process.data(), process.size(), 0) < 0) return failed("locked");
  return {};
}

Status StateFolder::tighten() const {
  if (::fchmod(folder_, 0700) != 0 || ::fchmod(lock_, 0600) != 0) return failed("closed to others");
  for (const char* name : own_files) {
    struct stat status {};
    if (::fstatat(folder_, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(status.st_mode)) continue;
    if ((status.st_mode & 077) != 0 && ::fchmodat(folder_, name, 0600, 0) != 0)
      return error(Failure::failed,
                   fmt::format("others may use {}/{}, and its mode cannot be changed: {}", path_, name, reason(errno)));
  }
  return {};
}

Result<std::string> StateFolder::private_file(std::string_view name) const {
  const int file = ::openat(folder_, std::string(name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return error(Failure::failed, fmt::format("{}/{} cannot be written: {}", path_, name, reason(errno)));
  ::close(file);
  return fmt::format("{}/{}", path_, name);
}

}  // namespace vmms::daemon
