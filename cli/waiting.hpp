// Shows on a terminal that the program waits for an answer.
#pragma once

#include "base/thread.hpp"
#include "cli/console.hpp"

#include <condition_variable>
#include <mutex>
#include <string>

namespace vmms::cli {

/// Once nothing was shown for a second, a line of progress says what the program waits for and how long, until this is
/// destroyed or something else is shown. Shows nothing where standard error is not a terminal, and with --json.
class Waiting {
 public:
  Waiting(const Console& console, std::string server);
  ~Waiting();
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;

 private:
  void run();

  const Console& console_;
  const std::string server_;
  std::mutex mutex_;
  std::condition_variable ends_;
  bool ended_ = false;
  Thread thread_;
};

}  // namespace vmms::cli
