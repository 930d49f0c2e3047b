// The output of a command: results on standard output, everything else on standard error.
#pragma once

#include "base/result.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <istream>
#include <memory>
#include <mutex>
#include <ostream>
#include <string_view>

namespace vmms::cli {

/// Exit statuses of the program.
enum ExitStatus : int {
  exit_success = 0,
  exit_refused = 1,  ///< the method answered with a value other than zero, its job failed, or it would; or not all
                     ///< was done or listed
  exit_error = 2,    ///< there was no answer: bad arguments, no server, a fault
};

/// What a terminal shows besides results: one line of progress at most. Shared by the threads that write.
struct ProgressLine {
  enum class Shown { nothing, progress, waiting };
  std::mutex mutex;
  Shown shown = Shown::nothing;
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();  ///< when a verb last showed something
};

struct Console {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool interactive = false;     ///< standard error is a terminal: progress is shown
  bool asks_passwords = false;  ///< `in` is a terminal where a person can be asked
  bool json = false;            ///< results and errors are JSON, one value a line
  std::shared_ptr<ProgressLine> line = std::make_shared<ProgressLine>();

  // Thread-safe; each removes the line of progress before it writes.
  void print(std::string_view text) const;
  void print(const boost::json::value& value) const;
  /// A line for people on standard error; not with --json.
  void note(std::string_view line) const;
  void report(const Error& error) const;

  /// Replaces the line of progress on a terminal; empty removes it.
  void progress(std::string_view text) const;
  /// The same for one that a line of progress goes before, and that ends no silence.
  void waiting(std::string_view text) const;
  /// Time since a verb showed something; zero while its line of progress is shown.
  std::chrono::steady_clock::duration silent_for() const;

 private:
  std::unique_lock<std::mutex> write() const;
  void show(std::string_view text, ProgressLine::Shown shown) const;
};

/// A part of the result is on standard output: says why the rest is missing, and returns the exit status.
int incomplete(const Console& console, const Error& why);

/// The names of the failures in JSON: "not_found", "timed_out" …
std::string_view failure_name(Failure failure);

/// Reads a secret: from a terminal after a prompt and without echo, otherwise the first line of the input. Bounded.
Result<std::string> read_password(Console& console, std::string_view prompt, bool confirm);

}  // namespace vmms::cli
