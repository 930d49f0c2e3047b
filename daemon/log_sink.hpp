// Where the log goes.
#pragma once

#include "base/line_writer.hpp"

#include <spdlog/sinks/sink.h>

#include <atomic>
#include <memory>

namespace vmms::daemon {

/// Writes lines to a file descriptor that stays open. One record is one line, whatever its text holds: what could end
/// the line, command a terminal or hide other text is escaped. Logging never waits for the descriptor's other end; the
/// number of lines dropped meanwhile is logged as soon as writing works again. On a terminal the level is colored.
class LogSink final : public spdlog::sinks::sink {
 public:
  explicit LogSink(int descriptor, std::size_t capacity = std::size_t{1} << 20);
  ~LogSink() override;

  void log(const spdlog::details::log_msg& message) override;
  void flush() override {}
  /// Waits until all is written, at most this long; returns whether it is.
  bool finish(std::chrono::milliseconds longest) { return writer_.flush(longest); }

  /// Not while other threads log.
  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

 private:
  /// The formatter, shared with the writer's thread.
  struct Format;

  const std::shared_ptr<Format> format_;
  LineWriter writer_;
};

}  // namespace vmms::daemon
