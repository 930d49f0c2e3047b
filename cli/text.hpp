// Text for people: aligned tables, and nothing that could control a terminal.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vmms::cli {

/// The text with control characters (and the marks that reorder text) written as escapes: names, states and log lines
/// come from guests, which must not be able to move a cursor or set a title. `lines` keeps line ends and tabs.
std::string printable(std::string_view text, bool lines = false);

/// Columns that the text takes on a terminal: wide characters count two, combining ones none.
std::size_t display_width(std::string_view text);

/// Rows under a heading, each column as wide as its widest cell.
class Table {
 public:
  explicit Table(std::vector<std::string> heading) : heading_(std::move(heading)) {}
  /// One cell per column; cells are made printable.
  void add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }
  std::string text() const;

 private:
  std::vector<std::string> heading_;
  std::vector<std::vector<std::string>> rows_;
};

/// "Name  value" lines with the values aligned; the further lines of a value stand under its first.
class Sheet {
 public:
  void add(std::string name, std::string_view value);
  std::string text() const;

 private:
  struct Line {
    std::string name;
    std::string value;
  };
  std::vector<Line> lines_;
};

}  // namespace vmms::cli
