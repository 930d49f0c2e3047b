#include "cli/help.hpp"

#include <algorithm>
#include <sstream>

namespace vmms::cli {

namespace {

constexpr std::size_t line_width = 100;
constexpr std::size_t name_width = 34;

}  // namespace

std::string wrapped(std::string_view text, std::size_t width) {
  std::string lines;
  std::size_t column = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    if (column > 0 && column + 1 + end > width) {
      lines += '\n';
      column = 0;
    } else if (column > 0) {
      lines += ' ';
      ++column;
    }
    lines += text.substr(0, end);
    column += end;
    const bool ends_line = end < text.size() && text[end] == '\n';
    if (ends_line) {
      lines += '\n';
      column = 0;
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

HelpFormatter::HelpFormatter() { column_width(name_width); }

std::string HelpFormatter::make_description(const CLI::App* app) const {
  return wrapped(CLI::Formatter::make_description(app), line_width);
}

std::string HelpFormatter::make_subcommand(const CLI::App* verb) const {
  std::ostringstream out;
  CLI::detail::format_help(out, verb->get_display_name(true), wrapped(verb->get_description(), line_width - name_width),
                           name_width);
  return out.str();
}

std::string HelpFormatter::make_option_desc(const CLI::Option* option) const {
  return wrapped(option->get_description(), line_width - name_width);
}

}  // namespace vmms::cli
