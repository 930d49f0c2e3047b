// Requests that come to this process as signals.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>

namespace vmms::daemon {

/// TERM and INT ask for the end, HUP for a new look at the configuration; no other signal does any harm. Its own thread
/// takes them, so that they work at every moment. Lives as long as the process.
class Signals {
 public:
  enum class Request { end, reload };

  /// In the first thread, before there are others: all inherit it.
  static void prepare();

  /// Once the process is asked to end it has so long to do so by itself; then `last` is called and it ends with status
  /// 0. Throws std::runtime_error when no thread can be started.
  Signals(std::chrono::milliseconds patience, std::function<void()> last);
  void set_last(std::function<void()> last);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Waits for a request, at most this long. Once the end is requested, always returns that.
  std::optional<Request> wait(std::chrono::milliseconds longest);
  bool ending() const;

 private:
  void take();

  const std::chrono::milliseconds patience_;
  mutable std::mutex mutex_;
  std::function<void()> last_;
  std::condition_variable asked_;
  bool end_ = false;
  bool reload_ = false;
};

}  // namespace vmms::daemon
