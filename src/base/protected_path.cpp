#include "base/protected_path.hpp"

#include "base/shell_word.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace vmms {

namespace {

constexpr int most_links = 40;  // as the kernel

bool is_own_group(gid_t group, uid_t user) {
  std::array<char, 4096> user_text;
  std::array<char, 16 * 1024> group_text;
  struct passwd user_entry {};
  struct passwd* owner = nullptr;
  struct group group_entry {};
  struct group* members = nullptr;
  if (getpwuid_r(user, &user_entry, user_text.data(), user_text.size(), &owner) != 0 || !owner) return false;
  if (getgrgid_r(group, &group_entry, group_text.data(), group_text.size(), &members) != 0 || !members) return false;
  const std::string_view name = owner->pw_name;
  if (name != members->gr_name) return false;
  for (char** member = members->gr_mem; *member; ++member)
    if (name != *member) return false;
  return true;
}

Error not_ours(const std::string& path, const std::string& place, const struct stat& status) {
  const bool is_folder = S_ISDIR(status.st_mode);
  if (!is_folder && !S_ISLNK(status.st_mode))
    return error(Failure::access_denied,
                 fmt::format("{} belongs to user {}, who may change it: make sure that it still holds what you put "
                             "there, and take it: chown {} {}",
                             path, status.st_uid, geteuid(), shell_word(place)));
  return error(Failure::access_denied,
               fmt::format("{} is not used: the {} {} on the way to it belongs to user {}, who may put another file in "
                           "its place; keep it below folders that belong to {}, such as /etc/vmms",
                           path, is_folder ? "folder" : "link", place, status.st_uid,
                           geteuid() == 0 ? "root" : fmt::format("root or user {}", geteuid())));
}

/// What a path must be, besides one that no other user may replace.
struct Wanted {
  int flags = O_RDONLY;
  bool folder = false;                ///< it is a folder, whose own mode does not count
  bool groups_write_folders = false;  ///< on the way
};

/// Whether what is left of a path leads beyond the folder where it begins: "/" and "/." do not.
bool leads_on(std::string_view left) {
  return left.find_first_not_of("/.") != std::string_view::npos || left.find("..") != std::string_view::npos;
}

Status check_folder(const std::string& path, const std::string& place, const struct stat& status, bool groups_write) {
  if ((status.st_mode & S_ISVTX) != 0 || !others_may_write(status)) return {};
  if (groups_write && (status.st_mode & S_IWOTH) == 0) return {};
  return error(Failure::access_denied,
               fmt::format("{} is not used: others than its owner may write the folder {} (mode {:04o}) on the way to "
                           "it, and put another file in its place; make sure that it still holds what you put there, "
                           "and close the folder with: chmod go-w {}",
                           path, place, status.st_mode & 07777, shell_word(place)));
}

FileDescriptor open_root() { return FileDescriptor(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)); }

std::string below(const std::string& folder, const std::string& name) {
  if (name == ".") return folder;
  if (name == "..") return std::filesystem::path(folder).parent_path();
  return (folder == "/" ? "" : folder) + "/" + name;
}

}  // namespace

bool others_may_write(const struct stat& status) {
  if ((status.st_mode & S_IWOTH) != 0) return true;
  return (status.st_mode & S_IWGRP) != 0 && !is_own_group(status.st_gid, status.st_uid) &&
         !is_own_group(status.st_gid, geteuid());
}

namespace {

// By hand, since the kernel does not report the links and folders that it went through. What was looked at cannot be
// changed by others afterwards.
Result<FileDescriptor> open_wanted(const std::string& path, const Wanted& wanted) {
  const auto failed = [&path](int number) {
    return error(number == ENOENT ? Failure::not_found : Failure::failed,
                 fmt::format("cannot open {}: {}", path, std::error_code(number, std::generic_category()).message()));
  };
  if (path.empty()) return failed(ENOENT);
  if (path.find('\0') != std::string::npos) return failed(EINVAL);
  std::string left = path;
  if (!path.starts_with('/')) {
    std::error_code problem;
    left = std::filesystem::current_path(problem).string() + "/" + path;
    if (problem) return failed(problem.value());
  }
  FileDescriptor folder = open_root();
  std::string place = "/";
  struct stat status {};
  if (!folder || ::fstat(folder.get(), &status) != 0) return failed(errno);
  const bool writes = (wanted.flags & O_ACCMODE) != O_RDONLY;
  constexpr int always = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  const auto no_file = [&path] {
    return error(Failure::invalid_argument, fmt::format("{} is not a regular file", path));
  };
  if (const Status closed = check_folder(path, place, status, wanted.groups_write_folders); !closed)
    return closed.error();
  for (int links = 0;;) {
    const std::size_t begin = left.find_first_not_of('/');
    if (begin == std::string::npos && writes) return no_file();
    if (begin == std::string::npos) return folder;
    const std::size_t end = std::min(left.find('/', begin), left.size());
    const std::string name = left.substr(begin, end - begin);
    left.erase(0, end);
    FileDescriptor next(::openat(folder.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next && errno == ENOENT && left.empty() && (wanted.flags & O_CREAT) != 0) {
      FileDescriptor made(::openat(folder.get(), name.c_str(), wanted.flags | O_EXCL | always, 0600));
      if (!made) return failed(errno);
      return made;
    }
    if (!next || ::fstat(next.get(), &status) != 0) return failed(errno);
    std::string there = below(place, name);
    if (status.st_uid != 0 && status.st_uid != ::geteuid()) return not_ours(path, there, status);
    if (S_ISLNK(status.st_mode)) {
      std::array<char, PATH_MAX> target;
      const ssize_t size = ::readlinkat(next.get(), "", target.data(), target.size());
      if (size < 0 || ++links > most_links) return failed(size < 0 ? errno : ELOOP);
      left.insert(0, target.data(), static_cast<std::size_t>(size));
      if (!left.starts_with('/')) continue;
      folder = open_root();
      if (!folder) return failed(errno);
      place = "/";
    } else if (S_ISDIR(status.st_mode)) {
      const bool counts = !wanted.folder || leads_on(left);
      const Status closed = check_folder(path, there, status, wanted.groups_write_folders);
      if (counts && !closed) return closed.error();
      folder = std::move(next);
      place = std::move(there);
    } else {
      if (!left.empty()) return failed(ENOTDIR);
      if (wanted.folder) return failed(ENOTDIR);
      if (writes && !S_ISREG(status.st_mode)) return no_file();
      FileDescriptor file(::openat(folder.get(), name.c_str(), (wanted.flags & ~O_CREAT) | always));
      if (!file) return failed(errno);
      return file;
    }
  }
}

}  // namespace

Result<FileDescriptor> open_protected(const std::string& path) { return open_wanted(path, {}); }

Result<FileDescriptor> open_protected_folder(const std::string& path) { return open_wanted(path, {.folder = true}); }

Result<FileDescriptor> open_protected_log(const std::string& path) {
  return open_wanted(path, {.flags = O_WRONLY | O_APPEND | O_CREAT, .groups_write_folders = true});
}

}  // namespace vmms
