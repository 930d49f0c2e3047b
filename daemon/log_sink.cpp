#include "daemon/log_sink.hpp"

#include "base/escaped.hpp"
#include "base/shortened.hpp"

#include <fmt/format.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <unistd.h>

#include <mutex>
#include <string>

namespace vmms::daemon {

namespace {

std::string_view color(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return "\x1b[31m";   // red
  if (level == spdlog::level::warn) return "\x1b[33m";  // yellow
  if (level == spdlog::level::info) return "\x1b[32m";  // green
  return "\x1b[36m";                                    // cyan
}

}  // namespace

struct LogSink::Format {
  std::mutex mutex;  // a formatter remembers the second. One for each thread would end the process where no memory is
                     // left for its thread's end
  std::unique_ptr<spdlog::formatter> formatter = std::make_unique<spdlog::pattern_formatter>();
  bool colored = false;

  /// The line without its end.
  std::string line(const spdlog::details::log_msg& message) {
    std::string text;
    append_escaped(text, shortened({message.payload.data(), message.payload.size()}));
    spdlog::details::log_msg safe = message;
    safe.payload = text;
    spdlog::memory_buf_t buffer;
    {
      const std::lock_guard lock(mutex);
      formatter->format(safe, buffer);
    }
    std::string_view whole(buffer.data(), buffer.size());
    while (whole.ends_with('\n')) whole.remove_suffix(1);
    const std::size_t begin = safe.color_range_start;
    const std::size_t end = safe.color_range_end;
    if (colored && begin < end && end <= whole.size())
      return fmt::format("{}{}{}\x1b[m{}", whole.substr(0, begin), color(message.level),
                         whole.substr(begin, end - begin), whole.substr(end));
    return std::string(whole);
  }
};

LogSink::LogSink(int descriptor, std::size_t capacity)
    : format_(std::make_shared<Format>()),
      writer_(
          capacity, [descriptor](std::string_view lines) { return write_lines(descriptor, lines); },
          [format = format_](std::uint64_t lost) {
            const std::string text = fmt::format("{} lines were dropped, since the log's reader is too slow", lost);
            return format->line({"vmmsd", spdlog::level::warn, text}) + '\n';
          }) {
  format_->colored = ::isatty(descriptor) == 1;
}

LogSink::~LogSink() = default;

void LogSink::log(const spdlog::details::log_msg& message) { writer_.add(format_->line(message)); }

void LogSink::set_pattern(const std::string& pattern) {
  set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern));
}

void LogSink::set_formatter(std::unique_ptr<spdlog::formatter> formatter) {
  const std::lock_guard lock(format_->mutex);
  format_->formatter = std::move(formatter);
}

}  // namespace vmms::daemon
