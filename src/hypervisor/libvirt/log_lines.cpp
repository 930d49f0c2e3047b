#include "hypervisor/libvirt/log_lines.hpp"

#include <algorithm>
#include <optional>

namespace vmms::hypervisor::libvirt {

namespace {

constexpr std::size_t longest_line = 8192;

/// What libvirt logs as warning or error although nothing is wrong. In this process it speaks English: setlocale is
/// never called. Messages of a libvirtd in another language are only logged as warnings.
constexpr std::array harmless_messages = {
    std::string_view("No access manager registered"),                // the embedded driver has none
    std::string_view("dmidecode"),                                   // host serial numbers, which nothing here needs
    std::string_view("Domain not found"),                            // callers that look one up handle that
    std::string_view("guest-"),                                      // an agent's answer, passed on as such
    std::string_view("disables default policy to create confined"),  // our own qemu.conf says so
};

/// Level and text of a line with libvirt's head; nothing for any other line.
std::optional<LogLine> parse(std::string_view text) {
  // A date, a time with zone, ": ", a thread id, ": ", then the level.
  if (text.size() < 30 || text[4] != '-' || text[7] != '-' || text[13] != ':') return std::nullopt;
  std::size_t at = text.find(": ");
  if (at == std::string_view::npos) return std::nullopt;
  at = text.find(": ", at + 2);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + 2);
  const std::size_t colon = text.find(" : ");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view word = text.substr(0, colon);
  LogLine result;
  result.text = text.substr(colon + 3);
  if (word == "error" || word == "warning") {
    result.level = spdlog::level::warn;
  } else if (word != "info" && word != "debug") {
    return std::nullopt;
  }
  return result;
}

}  // namespace

void LogLines::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (rest_.size() < longest_line) rest_.append(part.substr(0, longest_line - rest_.size()));
    if (end == std::string_view::npos) return;
    bytes.remove_prefix(end + 1);
    line(rest_);
    rest_.clear();
  }
}

void LogLines::line(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\r')) text.remove_suffix(1);
  if (text.empty()) return;
  LogLine result = parse(text).value_or(LogLine{spdlog::level::debug, std::string(text)});
  // An agent's error text comes from a guest: it must not control a terminal.
  for (char& c : result.text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  if (result.level > spdlog::level::debug) {
    const auto harmless = [&](std::string_view known) { return result.text.find(known) != std::string::npos; };
    if (std::any_of(harmless_messages.begin(), harmless_messages.end(), harmless) || said_lately(result.text)) {
      result.level = spdlog::level::debug;
    }
  }
  sink_(result);
}

bool LogLines::said_lately(const std::string& text) {
  const auto now = std::chrono::steady_clock::now();
  for (const Said& said : said_) {
    if (said.text == text && now - said.at < std::chrono::minutes(1)) return true;
  }
  said_[next_said_] = {text, now};
  next_said_ = (next_said_ + 1) % said_.size();
  return false;
}

}  // namespace vmms::hypervisor::libvirt
