// What a command may say, and where: results on standard output, everything else on standard error.
#pragma once

#include "base/result.hpp"

#include <boost/json/value.hpp>

#include <istream>
#include <ostream>
#include <string_view>

namespace vmms::cli {

/// Exit statuses of the program.
enum ExitStatus : int {
  exit_success = 0,
  exit_refused = 1,  ///< the method answered with a value other than zero, or its job failed
  exit_error = 2,    ///< nothing was answered: bad arguments, no server, a fault
};

struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool interactive = false;     ///< standard error is a terminal: progress is shown
  bool asks_passwords = false;  ///< `in` is a terminal where a person can be asked
  bool json = false;            ///< results and errors are JSON, one value a line

  void print(std::string_view text) const { out << text; }
  void print(const boost::json::value& value) const;
  /// A line for people on standard error; not with --json.
  void note(std::string_view line) const;
  /// Replaces the line of progress on a terminal; empty takes it away.
  void progress(std::string_view line) const;
  void report(const Error& error) const;
};

/// The names of the failures in JSON: "not_found", "timed_out" …
std::string_view failure_name(Failure failure);

/// Reads a secret: from a terminal after a prompt and without echo, otherwise the first line of the input. Bounded.
Result<std::string> read_password(Console& console, std::string_view prompt, bool confirm);

}  // namespace vmms::cli
