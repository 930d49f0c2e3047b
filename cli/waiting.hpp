// Says on a terminal that an answer is awaited.
#pragma once

#include "base/thread.hpp"
#include "cli/console.hpp"

#include <condition_variable>
#include <mutex>
#include <string>

namespace vmms::cli {

/// Once nothing was shown for a second, a line of progress says for whom the program waits and how long, until this
/// goes or something else is shown. Nothing where standard error is no terminal, and with --json.
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
