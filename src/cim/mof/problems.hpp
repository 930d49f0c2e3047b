// What is wrong with MOF, and where.
#pragma once

#include "cim/mof/ast.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace vmms::cim::mof {

enum class Severity : std::uint8_t {
  error,
  warning,  ///< against DSP0004, but read alike by every compiler
};

struct Problem {
  std::string place;  ///< "file:line:column", or the file alone
  std::string what;

  std::string to_string() const { return place + ": " + what; }
};

/// All that is wrong. Bounded: of each severity the first 50 are kept, all counted.
class Problems {
 public:
  void add(Severity severity, const Position& position, const std::string& what) {
    add(severity, Problem{position.to_string(), what});
  }
  void add(Severity severity, Problem problem);

  std::size_t errors() const { return count_[0]; }
  std::size_t warnings() const { return count_[1]; }
  /// In the order in which they were found.
  const std::vector<Problem>& of(Severity severity) const { return kept_[static_cast<std::size_t>(severity)]; }
  /// One line each.
  std::string text(Severity severity) const;

 private:
  std::vector<Problem> kept_[2];
  std::size_t count_[2] = {0, 0};
};

}  // namespace vmms::cim::mof
