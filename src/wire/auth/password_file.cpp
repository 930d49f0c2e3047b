#include "wire/auth/password_file.hpp"

#include "wire/auth/credentials.hpp"
#include "wire/auth/password_hash.hpp"
#include "wire/http/private_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace vmms::wire::auth {
namespace {

constexpr std::size_t largest_file = 4 * 1024 * 1024;
constexpr std::size_t longest_name = 128;

/// Empty when `name` may be a user's name, else what is wrong with it.
std::string_view fault_of(std::string_view name) {
  if (name.empty()) return "the user name is empty";
  if (name.size() > longest_name) return "the user name has more than 128 bytes";
  if (!is_clean_text(name)) return "the user name is not UTF-8 text without control characters";
  if (name.find(':') != std::string_view::npos) return "a user name cannot contain a colon";
  if (name.front() == '#') return "a user name cannot begin with #";
  if (name.front() == ' ' || name.back() == ' ') return "a user name cannot begin or end with a blank";
  return {};
}

std::string_view take_line(std::string_view& content) {
  const std::size_t end = content.find('\n');
  std::string_view line = content.substr(0, end);
  content.remove_prefix(end == std::string_view::npos ? content.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

bool is_comment(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  return first == std::string_view::npos || line[first] == '#';
}

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

/// Keeps other writers of files in the same folder away until it is destroyed.
class FolderLock {
 public:
  explicit FolderLock(const std::string& path) {
    const std::string folder = folder_of(path);
    fd_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd_ >= 0 && ::flock(fd_, LOCK_EX) == 0) return;
    failure_ =
        fmt::format("cannot use the folder {}: {}", folder, std::error_code(errno, std::generic_category()).message());
  }
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;
  ~FolderLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  const std::string& failure() const { return failure_; }

 private:
  int fd_ = -1;
  std::string failure_;
};

}  // namespace

Result<Users> parse_users(std::string_view content, const std::string& path) {
  Users users;
  for (unsigned number = 1; !content.empty(); ++number) {
    const std::string_view line = take_line(content);
    if (is_comment(line)) continue;
    const auto wrong = [&](std::string_view what) {
      return error(Failure::invalid_argument, fmt::format("{}:{}: {}", path, number, what));
    };
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return wrong("expected NAME:HASH; add users with `vmms user add`");
    const std::string_view name = line.substr(0, colon);
    if (const std::string_view fault = fault_of(name); !fault.empty()) return wrong(fault);
    std::string hash(line.substr(colon + 1));
    if (!is_yescrypt_hash(hash)) {
      return wrong(
          fmt::format("the password of {} is no yescrypt hash ($y$…); set it again with `vmms user add`", name));
    }
    if (!users.hashes.emplace(name, std::move(hash)).second) return wrong(fmt::format("{} is here twice", name));
  }
  return users;
}

Result<std::shared_ptr<PasswordFile>> PasswordFile::open(std::string path, bool may_be_missing) {
  std::shared_ptr<PasswordFile> file(new PasswordFile(std::move(path), may_be_missing));
  file->stamp_ = file->stamp();
  Result<Users> users = file->read();
  if (!users && may_be_missing && users.error().kind == Failure::not_found) users = Users();
  if (!users) return users.error();
  users->generation = 1;
  file->users_ = std::make_shared<const Users>(std::move(*users));
  if (file->users_->hashes.empty()) {
    spdlog::warn("{} has no users: nobody can sign in over the network; add one with `vmms user add NAME --users {}`",
                 file->path_, file->path_);
  }
  return file;
}

PasswordFile::Watch::Watch() : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

PasswordFile::Watch::~Watch() {
  if (fd_ >= 0) ::close(fd_);
}

bool PasswordFile::Watch::changed() const {
  int bytes = 0;
  return folder_ < 0 || ::ioctl(fd_, FIONREAD, &bytes) != 0 || bytes > 0;
}

void PasswordFile::Watch::renew(const std::string& path) {
  if (fd_ < 0) return;
  alignas(inotify_event) std::array<char, 4096> events;
  while (::read(fd_, events.data(), events.size()) > 0) continue;
  // The folder reports other files in the place of this one, the file what is written into it. They are watched for
  // different events: a log may be in the folder, too.
  constexpr std::uint32_t moves = IN_CREATE | IN_DELETE | IN_MOVE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  constexpr std::uint32_t writes = IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
  const auto watch = [this](int watched, const std::string& what, std::uint32_t changes) {
    const int present = ::inotify_add_watch(fd_, what.c_str(), changes);
    if (watched >= 0 && watched != present) ::inotify_rm_watch(fd_, watched);  // fails when that is gone
    return present;
  };
  file_ = watch(file_, path, writes);  // also through a link
  folder_ = watch(folder_, folder_of(path), moves);
}

std::shared_ptr<const Users> PasswordFile::users() {
  constexpr auto longest_trust = std::chrono::seconds(1);
  const auto now = std::chrono::steady_clock::now();
  const auto due = [&] { return watch_.changed() || now - looked_.load() >= longest_trust; };
  const bool may_differ = due();  // not under the lock: every request asks for it
  const std::scoped_lock lock(mutex_);
  if (may_differ && due()) {
    looked_ = std::chrono::steady_clock::time_point();  // when something is thrown, the next call looks
    watch_.renew(path_);                                // before looking: what happens meanwhile is reported again
    look();
    looked_ = now;
  }
  return users_;
}

void PasswordFile::look() {
  const Stamp now = stamp();
  if (now == stamp_ && !is_unread_) return;
  stamp_ = now;       // taken before reading: what is written in between differs from it again
  is_unread_ = true;  // also when something is thrown
  const Result<Users> read_now = read();
  const bool is_missing = !read_now && read_now.error().kind == Failure::not_found;
  if (read_now || is_missing) take(read_now ? *read_now : Users());
  // Content that is wrong stays so. What kept us from reading it, like no descriptor, may be gone in a second.
  is_unread_ = !read_now && !is_missing && read_now.error().kind != Failure::invalid_argument;
  const std::string problem = read_now ? std::string() : read_now.error().message;
  const bool is_new = std::exchange(told_, problem) != problem;
  if (read_now)
    spdlog::info("{} has changed: {} users", path_, read_now->hashes.size());
  else if (is_missing)
    spdlog::error("nobody can log in: {}", problem);
  else if (is_new)
    spdlog::error("the users stay as they were: {}", problem);
}

void PasswordFile::take(Users users) {
  users.generation = users_->generation + 1;
  users_ = std::make_shared<const Users>(std::move(users));
}

Result<std::function<void()>> PasswordFile::read_again() {
  const Stamp before = stamp();
  Result<Users> users = read();
  if (!users && may_be_missing_ && users.error().kind == Failure::not_found) users = Users();
  if (!users) return users.error();
  return std::function<void()>([this, before, read_now = std::move(*users)] {
    const std::scoped_lock lock(mutex_);
    stamp_ = before;
    is_unread_ = false;
    told_.clear();
    take(read_now);
  });
}

PasswordFile::Stamp PasswordFile::stamp() const {
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) return {};
  return {.inode = status.st_ino,
          .size = status.st_size,
          .modified = nanoseconds(status.st_mtim),
          .changed = nanoseconds(status.st_ctim)};
}

Result<Users> PasswordFile::read() const {
  const Result<std::string> content = http::read_private_file(path_, largest_file);
  if (!content) return content.error();
  return parse_users(*content, path_);
}

namespace {

/// Puts `new_line` in the place of a user's line, or appends it where there is none; whether there was one. The file is
/// replaced atomically.
Result<bool> change_users(const std::string& path, std::string_view name, const std::string& new_line) {
  const FolderLock lock(path);
  if (!lock.failure().empty()) return error(Failure::failed, lock.failure());
  Result<std::string> before = http::read_file(path, largest_file);
  if (!before) {
    if (before.error().kind != Failure::not_found) return before.error();
    before = std::string();
  }
  // Rather stop than go on writing a file that may be something else.
  if (const Result<Users> users = parse_users(*before, path); !users) return users.error();

  std::string after;
  bool is_there = false;
  for (std::string_view rest = *before; !rest.empty();) {
    const std::string_view line = take_line(rest);
    const bool is_this = !is_comment(line) && line.substr(0, line.find(':')) == name;
    after += is_this ? new_line : fmt::format("{}\n", line);
    is_there = is_there || is_this;
  }
  if (!is_there) after += new_line;
  if (after == *before) return is_there;
  if (const Status written = http::write_private_file(path, after); !written) return written.error();
  return is_there;
}

}  // namespace

Result<bool> set_user(const std::string& path, std::string_view name, const std::string& password, unsigned long cost) {
  if (const std::string_view fault = fault_of(name); !fault.empty()) {
    return error(Failure::invalid_argument, std::string(fault));
  }
  const Result<std::string> hash = hash_password(password, cost);
  if (!hash) return hash.error();
  const auto is_there = change_users(path, name, fmt::format("{}:{}\n", name, *hash));
  if (!is_there) return is_there;
  return !*is_there;
}

Result<bool> remove_user(const std::string& path, std::string_view name) { return change_users(path, name, {}); }

Result<Users> list_users(const std::string& path) {
  const Result<std::string> content = http::read_file(path, largest_file);
  if (!content) return content.error();
  return parse_users(*content, path);
}

}  // namespace vmms::wire::auth
