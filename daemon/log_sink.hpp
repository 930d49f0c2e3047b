// Where the log goes.
#pragma once

#include <spdlog/sinks/sink.h>

#include <memory>

namespace vmms::daemon {

/// Writes each line with one system call of its own to a file descriptor that stays open. There is no lock that threads
/// would wait for: every request that changes something logs a line.
class LogSink final : public spdlog::sinks::sink {
 public:
  explicit LogSink(int descriptor);
  ~LogSink() override;

  void log(const spdlog::details::log_msg& message) override;
  void flush() override {}
  /// Not while other threads log.
  void set_pattern(const std::string& pattern) override;
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override;

 private:
  const int descriptor_;
  std::unique_ptr<spdlog::formatter> formatter_;  ///< each thread has a copy: formatters remember the second
  std::uint64_t version_ = 0;                     ///< of the formatter, never that of another sink's
};

}  // namespace vmms::daemon
