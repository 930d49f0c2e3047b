// The folder for the daemon's state, used by one daemon alone.
#pragma once

#include "base/result.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace vmms::daemon {

class StateFolder {
 public:
  /// Makes the folder where there is none, and takes it for this process until the object is destroyed. The folder gets
  /// mode 0700 and the files that are the daemon's 0600, whatever they had. Errors: another process has it (its id is
  /// named), it is not ours, others could put another in its place, or a folder that others use, too.
  static Result<std::unique_ptr<StateFolder>> open(const std::string& path);

  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;
  ~StateFolder();

  /// The path of a file in it, which is there with mode 0600 from now on.
  Result<std::string> private_file(std::string_view name) const;

 private:
  explicit StateFolder(std::string path) : path_(std::move(path)) {}
  Status open_folder();
  Status lock();
  Status tighten() const;
  Error failed(std::string_view what) const;
  static Error unprotected(const Error& why);

  const std::string path_;
  int folder_ = -1;
  int lock_ = -1;
};

}  // namespace vmms::daemon
