// The users file: lines `name:$y$…`, comments with `#`, blank lines.
#pragma once

#include "base/result.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::wire::auth {

/// One state of the file; never changes.
struct Users {
  std::map<std::string, std::string, std::less<>> hashes;  ///< by name; names have case
  std::uint64_t generation = 0;                            ///< another number for every state
};

/// Reads a users file's content. Failure invalid_argument, "PATH:LINE: …".
Result<Users> parse_users(std::string_view content, const std::string& path);

/// The users file as it is now. Any thread.
class PasswordFile {
 public:
  /// Fails when the file is wrong, open to others (see http::read_private_file), or missing: unless `may_be_missing`,
  /// then there are no users until there is one.
  static Result<std::shared_ptr<PasswordFile>> open(std::string path, bool may_be_missing = false);

  /// Reads the file again when its inode, size or times differ, which counts from the next call on; a second later at
  /// most where the kernel does not report the change (network file systems, a folder further up that was replaced).
  /// A file that has become wrong is logged and leaves the users as they were; a missing one means no users. One that
  /// cannot be read now (no descriptor, open to others) leaves them, too, and is tried again after a second.
  std::shared_ptr<const Users> users();

  /// Reads the file again without effect. Calling the returned function makes the users those that were read.
  Result<std::function<void()>> read_again();

  const std::string& path() const { return path_; }

 private:
  /// Distinguishes states of the file.
  struct Stamp {
    std::uint64_t inode = 0;
    std::int64_t size = -1;  // no file
    std::int64_t modified = 0;
    std::int64_t changed = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  /// Whether the kernel may have reported a change of one file. Cheaper than a stat().
  class Watch {
   public:
    Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    ~Watch();
    bool changed() const;  ///< any thread
    /// Forgets reported changes, and watches the file that is there now.
    void renew(const std::string& path);

   private:
    int fd_;  ///< without one everything may have changed
    int file_ = -1;
    std::atomic<int> folder_ = -1;
  };

  PasswordFile(std::string path, bool may_be_missing) : path_(std::move(path)), may_be_missing_(may_be_missing) {}
  void look();
  void take(Users users);  // needs the mutex
  Stamp stamp() const;
  Result<Users> read() const;

  const std::string path_;
  const bool may_be_missing_;
  std::mutex mutex_;
  Watch watch_;
  std::atomic<std::chrono::steady_clock::time_point> looked_{};
  Stamp stamp_;
  bool is_unread_ = false;  ///< the state with this stamp was not read, for a reason that may pass
  std::string told_;        ///< why, in the log
  std::shared_ptr<const Users> users_;
};

/// Adds a user or changes the password of one, for `vmms user add`; true when added. The file is replaced atomically,
/// with mode 0600, and created when there is none. Failures name the file, the line or what is wrong with the name or
/// password. `cost`: see hash_password().
Result<bool> set_user(const std::string& path, std::string_view name, const std::string& password,
                      unsigned long cost = 0);

/// Removes a user from the file; false when there is none of that name. Failures as above.
Result<bool> remove_user(const std::string& path, std::string_view name);

/// The users of a file, by name.
Result<Users> list_users(const std::string& path);

}  // namespace vmms::wire::auth
