#include "daemon/log_sink.hpp"

#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace vmms::daemon {

namespace {

std::atomic<std::uint64_t> versions = 0;

}  // namespace

LogSink::LogSink(int descriptor) : descriptor_(descriptor) {
  set_formatter(std::make_unique<spdlog::pattern_formatter>());
}

LogSink::~LogSink() = default;

void LogSink::log(const spdlog::details::log_msg& message) {
  thread_local std::unique_ptr<spdlog::formatter> formatter;
  thread_local std::uint64_t version = 0;
  if (version != version_) {
    formatter = formatter_->clone();
    version = version_;
  }
  spdlog::memory_buf_t line;
  formatter->format(message, line);
  const char* rest = line.data();
  for (std::size_t size = line.size(); size > 0;) {
    const ssize_t written = ::write(descriptor_, rest, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // there is nowhere to say so
    rest += written;
    size -= static_cast<std::size_t>(written);
  }
}

void LogSink::set_pattern(const std::string& pattern) {
  set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern));
}

void LogSink::set_formatter(std::unique_ptr<spdlog::formatter> formatter) {
  formatter_ = std::move(formatter);
  version_ = ++versions;
}

}  // namespace vmms::daemon
