#include "base/file_root.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>

namespace vmms {

namespace {

constexpr std::uint64_t directory_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

int system_open_at2(int directory, const char* path, const open_how& how) {
  return static_cast<int>(syscall(SYS_openat2, directory, path, &how, sizeof how));
}

}  // namespace

Result<FileRoot> FileRoot::open(const std::string& folder, FilePlace place) {
  return open(folder, place, system_open_at2);
}

Result<FileRoot> FileRoot::open(const std::string& folder, FilePlace place, OpenAt2 open_at2) {
  if (!folder.starts_with('/'))
    return error(Failure::invalid_argument, fmt::format("\"{:.1000}\" is not the absolute path of a folder", folder));
  FileDescriptor directory(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory && errno == ENOENT && place == FilePlace::here) return no_directory(folder, place);
  if (!directory) return cannot_write(folder, place, "used as a folder", errno);
  std::string shown = std::filesystem::path(folder).lexically_normal();
  while (shown.size() > 1 && shown.ends_with('/')) shown.pop_back();
  if (shown == "/") shown.clear();
  FileRoot root(std::move(shown), place, std::move(directory), open_at2);
  root.works_ = !root.is_openat2_refused();
  return root;
}

// A seccomp filter chooses the errno of its refusal. An errno that the folder itself cannot cause is about openat2.
bool FileRoot::is_openat2_refused() const {
  if (beneath(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) return false;
  if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) return false;
  return static_cast<bool>(FileDescriptor(openat(directory_.get(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC)));
}

Error FileRoot::no_openat2(const std::string& path) const {
  return error(Failure::not_supported,
               fmt::format("{:.1000} is not opened: the kernel or the container in which this program runs refuses "
                           "openat2, and without it no path below {} is safe to open; copy through the connection "
                           "(vmms copy without --on-server, without -r out of a guest)",
                           shown(path), folder_));
}

FileDescriptor FileRoot::beneath(const std::string& path, std::uint64_t flags) const {
  if (path.find('\0') != std::string::npos) {
    errno = EINVAL;
    return {};
  }
  open_how how{};
  how.flags = flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  constexpr int most_tries = 16;  // EAGAIN: something on the path was renamed
  for (int tries = 0;; ++tries) {
    FileDescriptor opened(open_at2_(directory_.get(), path.empty() ? "." : path.c_str(), how));
    if (opened || (errno != EAGAIN && errno != EINTR) || tries == most_tries) return opened;
  }
}

Error FileRoot::refused(const std::string& path, const Error& otherwise, int code) const {
  if (code == ENOSYS || code == EPERM) return no_openat2(path);
  if (code == EXDEV)
    return error(Failure::access_denied, fmt::format("{:.1000} leads out of {}", shown(path), folder_));
  if (code == ELOOP)
    return error(Failure::access_denied,
                 fmt::format("{:.1000} leads through a link that is not followed, or through too many", shown(path)));
  return otherwise;
}

Result<SourceFile> FileRoot::source(const std::string& path) const {
  if (!works_) return no_openat2(path);
  FileDescriptor file = beneath(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (!file) {
    const int code = errno;
    return refused(path, cannot_read(shown(path), place_, code), code);
  }
  return SourceFile::adopt(std::move(file), shown(path), place_);
}

Result<FileDescriptor> FileRoot::directory(const std::string& path, bool create, std::uint32_t permissions) const {
  FileDescriptor whole = beneath(path, directory_flags);
  if (whole) return whole;
  int code = errno;
  const auto failed = [&](const std::string& where) {
    if (code == ENOENT && !create) return no_directory(shown(where), place_);
    return refused(where, cannot_write(shown(where), place_, "made", code), code);
  };
  if (!create || code != ENOENT) return failed(path);
  FileDescriptor last = beneath(".", directory_flags);
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string component = path.substr(begin, end - begin);
    const std::string until_here = path.substr(0, end);
    begin = end + 1;
    if (component.empty()) continue;
    FileDescriptor next = beneath(until_here, directory_flags);
    if (!next && errno == ENOENT) {
      const bool is_last = path.find_first_not_of('/', end) == std::string::npos;
      const bool made = mkdirat(last.get(), component.c_str(), is_last ? permissions : 0777U) == 0;
      if (!made && errno != EEXIST) {
        code = errno;
        return failed(until_here);
      }
      next = beneath(until_here, directory_flags);
      if (made && is_last && permissions != 0777U && next) fchmod(next.get(), permissions);  // whatever the umask is
    }
    if (!next) {
      code = errno;
      return failed(until_here);
    }
    last = std::move(next);
  }
  return last;
}

Result<TargetFile> FileRoot::target(const std::string& path, const std::string& name, bool overwrite,
                                    bool create_path) const {
  if (!works_) return no_openat2(path);
  std::string file = name;
  const std::size_t slash = path.rfind('/');
  const bool names_directory = path.empty() || path.ends_with('/');
  FileDescriptor folder = beneath(path, directory_flags);
  std::string where = path;
  if (!folder) {
    const int code = errno;
    if (code != ENOENT && code != ENOTDIR)
      return refused(path, cannot_write(shown(path), place_, "written", code), code);
    if (!names_directory) {
      file = slash == std::string::npos ? path : path.substr(slash + 1);
      where = slash == std::string::npos ? std::string() : path.substr(0, slash);
    }
    auto parent = directory(where, create_path, 0777U);
    if (!parent) return parent.error();
    folder = *std::move(parent);
  }
  while (where.ends_with('/')) where.pop_back();
  return TargetFile::create_in(std::move(folder), file, {shown(where.empty() ? file : where + "/" + file), place_},
                               overwrite);
}

Status FileRoot::make_directory(const std::string& path, std::uint32_t permissions) const {
  if (!works_) return no_openat2(path);
  const auto made = directory(path, true, permissions);
  if (!made) return made.error();
  return {};
}

}  // namespace vmms
