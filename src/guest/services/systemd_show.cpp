#include "guest/services/systemd_show.hpp"

#include "guest/agent/printable.hpp"
#include "guest/services/unit_name.hpp"

#include <charconv>

namespace vmms::guest {

namespace {

constexpr std::size_t word_limit = 64;
constexpr std::size_t description_limit = 512;
constexpr std::size_t names_limit = 64;
constexpr std::size_t log_line_limit = 500;
constexpr std::size_t log_lines_limit = 5;

// ExecMainCode is waitid's si_code.
constexpr std::uint32_t exited = 1;
constexpr std::uint32_t killed = 2;
constexpr std::uint32_t dumped = 3;

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Takes `digits` decimal digits and the separator after them.
std::optional<unsigned> take_number(std::string_view& text, std::size_t digits, char separator) {
  if (text.size() < digits) return std::nullopt;
  const std::optional<unsigned> value = number<unsigned>(text.substr(0, digits));
  text.remove_prefix(digits);
  if (!value || text.empty() || text.front() != separator) return std::nullopt;
  text.remove_prefix(1);
  return value;
}

std::vector<std::string> unit_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty() && names.size() < names_limit) {
    const std::size_t space = text.find(' ');
    const std::string_view name = text.substr(0, space);
    if (is_service_unit_name(name)) names.emplace_back(name);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
  }
  return names;
}

}  // namespace

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

std::vector<std::string> take_log_lines(std::string_view& text, std::string_view heading) {
  std::vector<std::string> lines;
  if (take_line(text) != heading) return lines;
  while (!text.empty() && lines.size() < log_lines_limit) {
    std::string line = printable(take_line(text), log_line_limit);
    if (!line.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

std::optional<ShownUnit> read_shown_unit(std::string_view& text) {
  ShownUnit unit;
  Service& service = unit.service;
  std::uint32_t end_code = 0;
  std::uint32_t end_status = 0;
  for (std::string_view line = take_line(text); !line.empty(); line = take_line(text)) {
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    const auto word = [&] { return printable(value, word_limit); };
    if (key == "Id") {
      if (is_service_unit_name(value)) service.name = value;
    } else if (key == "Names") {
      unit.names = unit_names(value);
    } else if (key == "Description") {
      service.description = printable(value, description_limit);
    } else if (key == "LoadState") {
      service.load_state = word();
    } else if (key == "ActiveState") {
      service.active_state = word();
    } else if (key == "SubState") {
      service.sub_state = word();
    } else if (key == "UnitFileState") {
      service.unit_file_state = word();
    } else if (key == "Type") {
      service.type = word();
    } else if (key == "Result") {
      service.result = word();
    } else if (key == "MainPID") {
      service.main_process_id = number<std::uint32_t>(value).value_or(0);
    } else if (key == "ExecMainCode") {
      end_code = number<std::uint32_t>(value).value_or(0);
    } else if (key == "ExecMainStatus") {
      end_status = number<std::uint32_t>(value).value_or(0);
    } else if (key == "StateChangeTimestamp") {
      service.state_changed = read_systemd_time(value);
    }
  }
  if (service.name.empty()) return std::nullopt;
  if (end_code == exited) service.exit_status = end_status;
  if (end_code == killed || end_code == dumped) service.exit_signal = end_status;
  return unit;
}

std::optional<std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>> read_systemd_time(
    std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 4 || text[3] != ' ') return std::nullopt;  // the day of the week
  text.remove_prefix(4);
  const auto years = take_number(text, 4, '-');
  const auto months = take_number(text, 2, '-');
  const auto days = take_number(text, 2, ' ');
  const auto hour = take_number(text, 2, ':');
  const auto minute = take_number(text, 2, ':');
  if (!years || !months || !days || !hour || !minute) return std::nullopt;
  const bool fraction = text.size() > 2 && text[2] == '.';
  const auto second = take_number(text, 2, fraction ? '.' : ' ');
  const auto micros = fraction ? take_number(text, 6, ' ') : std::optional(0U);
  if (!second || !micros || text != "UTC" || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const year_month_day date(year(static_cast<int>(*years)), month(*months), day(*days));
  if (!date.ok()) return std::nullopt;
  return sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second) + microseconds(*micros);
}

}  // namespace vmms::guest
