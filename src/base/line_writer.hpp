// Lines on their way to a slow place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace vmms {

/// A bounded queue of lines and the thread that writes them. Adding a line never waits for the place where it goes:
/// lines that do not fit are counted, and the count is written as soon as there is room again. No memory is taken after
/// construction.
class LineWriter {
 public:
  /// Writes whole lines, each with its end. Called by the writer's thread alone; may block for ever, which holds up
  /// that thread only. False: they are lost.
  using Output = std::function<bool(std::string_view lines)>;
  /// Makes the line, with its end, that says that so many lines were lost.
  using Report = std::function<std::string(std::uint64_t lost)>;

  /// `capacity`: bytes that may wait. Throws std::runtime_error when no thread can be started.
  LineWriter(std::size_t capacity, Output output, Report report);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  /// The thread ends when it has written what waits; it is not waited for.
  ~LineWriter();

  /// `line` without its end. False: there was no room, and the line is counted as lost. Any thread.
  bool add(std::string_view line) noexcept;
  /// Counts a line that could not even be formatted as lost. Any thread.
  void lose() noexcept;
  /// Lines added from now on, and those that wait, go to another output. Any thread.
  void replace(Output output);
  /// Waits until everything is written, at most this long; returns whether it is. Any thread.
  bool flush(std::chrono::milliseconds longest);

 private:
  struct State;
  static void run(State& state);
  std::shared_ptr<State> state_;  // shared with the thread
};

/// An Output: to a descriptor that outlives it.
bool write_lines(int descriptor, std::string_view lines);

}  // namespace vmms
