// Work that would hold up the conversation, in a separate process.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

namespace vmms::agent {

/// Returns what the process wrote into its pipe. The process ends with it.
class Child {
 public:
  static constexpr std::size_t output_limit = 16384;

  /// Runs `work` in the child with the pipe's writing end; it does not return from there.
  explicit Child(const std::function<void(int pipe)>& work);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// -1: it could not be started, or has ended.
  int descriptor() const { return pipe_; }
  /// Takes what was written so far; true: it has ended.
  bool work();
  void kill();
  const std::string& output() const { return output_; }

 private:
  pid_t process_ = -1;
  int pipe_ = -1;
  std::string output_;
};

}  // namespace vmms::agent
