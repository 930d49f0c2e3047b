#include "cli/text.hpp"

#include "base/escaped.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace vmms::cli {

namespace {

struct Range {
  std::uint32_t first, last;
};

template <std::size_t N>
bool within(const Range (&ranges)[N], std::uint32_t value) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [&](const Range& range) { return value >= range.first && value <= range.last; });
}

constexpr Range combining[] = {{0x300, 0x36F},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200D},
                               {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
constexpr Range wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xAC00, 0xD7A3},
                          {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
                          {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD}};

void pad(std::string& line, std::size_t width, std::size_t target) {
  if (width < target) line.append(target - width, ' ');
}

}  // namespace

std::string printable(std::string_view text, bool lines) { return escaped(text, lines ? "\n\t" : ""); }

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    width += within(combining, point.value) ? 0 : within(wide, point.value) ? 2 : 1;
    text.remove_prefix(point.length);
  }
  return width;
}

void Table::add(std::vector<std::string> row) {
  row.resize(heading_.size());
  for (std::string& cell : row) cell = cell.empty() ? "-" : printable(cell);
  rows_.push_back(std::move(row));
}

std::string Table::text() const {
  std::vector<std::size_t> widths(heading_.size());
  const auto measure = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  };
  measure(heading_);
  std::for_each(rows_.begin(), rows_.end(), measure);
  std::string result;
  const auto write = [&](const std::vector<std::string>& row) {
    std::string line;
    std::size_t target = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
      pad(line, display_width(line), target);
      line += row[i];
      target += widths[i] + 2;
    }
    result += line + '\n';
  };
  write(heading_);
  std::for_each(rows_.begin(), rows_.end(), write);
  return result;
}

void Sheet::add(std::string name, std::string_view value) {
  lines_.push_back({printable(name), printable(value, true)});
}

std::string Sheet::text() const {
  std::size_t width = 0;
  for (const Line& line : lines_) width = std::max(width, display_width(line.name));
  std::string result;
  for (const Line& line : lines_) {
    std::string start = line.name;
    std::string_view rest = line.value;
    for (bool more = true; more;) {
      const auto end = rest.find('\n');
      const std::string_view piece = rest.substr(0, end);
      pad(start, display_width(start), piece.empty() ? 0 : width + 2);
      result.append(start).append(piece) += '\n';
      more = end != std::string_view::npos;
      if (more) rest.remove_prefix(end + 1);
      start.clear();
    }
  }
  return result;
}

}  // namespace vmms::cli
