// libvirt's log text as records for our log.
#pragma once

#include <spdlog/common.h>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace vmms::hypervisor::libvirt {

struct LogLine {
  spdlog::level::level_enum level = spdlog::level::debug;
  std::string text;

  friend bool operator==(const LogLine&, const LogLine&) = default;
};

/// Cuts libvirt's log stream ("2026-11-22 14:10:49.398+0000: 195: error : virFunction:660 : text") into records. Lines
/// without that head, lines that libvirt logs on every healthy start, and repetitions within a minute are passed on at
/// debug level only. Not thread-safe.
class LogLines {
 public:
  using Sink = std::function<void(const LogLine&)>;
  explicit LogLines(Sink sink) : sink_(std::move(sink)) {}

  void feed(std::string_view bytes);

 private:
  void line(std::string_view text);
  bool said_lately(const std::string& text);

  struct Said {
    std::string text;
    std::chrono::steady_clock::time_point at;
  };

  Sink sink_;
  std::string rest_;
  std::array<Said, 32> said_;
  std::size_t next_said_ = 0;
};

}  // namespace vmms::hypervisor::libvirt
