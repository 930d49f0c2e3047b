#include "cli/console.hpp"

#include "cli/text.hpp"

#include <boost/json/serialize.hpp>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <string>

namespace vmms::cli {

// Removes the line of progress, and lets no other thread write until the lock is released.
std::unique_lock<std::mutex> Console::write() const {
  std::unique_lock lock(line->mutex);
  if (line->shown != ProgressLine::Shown::nothing) err << "\r\x1b[K" << std::flush;
  line->shown = ProgressLine::Shown::nothing;
  line->last = std::chrono::steady_clock::now();
  return lock;
}

void Console::print(std::string_view text) const {
  const auto lock = write();
  out << text;
}

void Console::print(const boost::json::value& value) const {
  const auto lock = write();
  out << boost::json::serialize(value) << '\n';
}

void Console::note(std::string_view text) const {
  if (json) return;
  const auto lock = write();
  err << printable(text, true) << std::endl;
}

void Console::report(const Error& error) const {
  const auto lock = write();
  if (json)
    err << boost::json::serialize(
               boost::json::object{{"error", {{"kind", failure_name(error.kind)}, {"message", error.message}}}})
        << std::endl;
  else
    err << "vmms: " << printable(error.message, true) << std::endl;
}

void Console::progress(std::string_view text) const {
  if (!interactive || json) return;
  const auto lock = write();
  if (!text.empty()) show(text, ProgressLine::Shown::progress);
}

void Console::waiting(std::string_view text) const {
  if (!interactive || json) return;
  const std::lock_guard lock(line->mutex);
  if (line->shown != ProgressLine::Shown::progress) show(text, ProgressLine::Shown::waiting);
}

std::chrono::steady_clock::duration Console::silent_for() const {
  const std::lock_guard lock(line->mutex);
  if (line->shown == ProgressLine::Shown::progress) return {};
  return std::chrono::steady_clock::now() - line->last;
}

namespace {

// Of the terminal that standard error is, as it is now.
std::size_t terminal_columns() {
  constexpr std::size_t usual = 80;
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

// With the mutex held.
void Console::show(std::string_view text, ProgressLine::Shown shown) const {
  // A line that wraps could not be replaced.
  const std::size_t columns = terminal_columns();
  const std::size_t most = columns > 2 ? columns - 2 : 1;
  std::string shortened = printable(text);
  while (!shortened.empty() && display_width(shortened) > most) {
    while (is_continuation(shortened.back())) shortened.pop_back();  // whole characters of UTF-8, which escaped() left
    shortened.pop_back();
  }
  out.flush();  // both may be the same terminal
  err << "\r\x1b[K" << shortened << std::flush;
  line->shown = shown;
}

int incomplete(const Console& console, const Error& why) {
  console.report(why);
  return exit_refused;
}

std::string_view failure_name(Failure failure) {
  switch (failure) {
    case Failure::failed:
      return "failed";
    case Failure::internal:
      return "internal";
    case Failure::invalid_argument:
      return "invalid_argument";
    case Failure::not_found:
      return "not_found";
    case Failure::already_exists:
      return "already_exists";
    case Failure::access_denied:
      return "access_denied";
    case Failure::not_supported:
      return "not_supported";
    case Failure::invalid_state:
      return "invalid_state";
    case Failure::timed_out:
      return "timed_out";
    case Failure::unreachable:
      return "unreachable";
    case Failure::busy:
      return "busy";
  }
  return "failed";
}

namespace {

constexpr std::size_t longest_password = 1024;
constexpr char interrupt = 3;

// The terminal without echo, restored when this is destroyed. Ctrl-C must not leave it silent: here it is not a signal
// but a character that ends the line.
class Silence {
 public:
  Silence() {
    active_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!active_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    silent.c_cc[VEOL] = interrupt;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~Silence() {
    if (active_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  bool active_ = false;
  termios before_{};
};

Result<std::string> read_line(std::istream& in) {
  std::string line;
  for (int c = in.get(); c != std::istream::traits_type::eof() && c != '\n'; c = in.get()) {
    if (c == interrupt) return error(Failure::failed, "interrupted");
    if (line.size() == longest_password)
      return error(Failure::invalid_argument, "the password is longer than 1024 characters");
    line += static_cast<char>(c);
  }
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

}  // namespace

Result<std::string> read_password(Console& console, std::string_view prompt, bool confirm) {
  if (!console.asks_passwords) return read_line(console.in);
  const Silence silence;
  const auto ask = [&](std::string_view text) {
    console.err << text << ": " << std::flush;
    auto line = read_line(console.in);
    console.err << std::endl;
    return line;
  };
  auto password = ask(prompt);
  if (!password || !confirm) return password;
  const auto again = ask("The same again");
  if (!again) return again.error();
  if (*again != *password) return error(Failure::invalid_argument, "the two passwords differ; nothing was changed");
  return password;
}

}  // namespace vmms::cli
