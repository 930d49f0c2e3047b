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

/// A bounded queue of lines and the thread that writes them. Whoever adds a line never waits for the place where it
/// goes: what does not fit is counted, and told of as soon as there is room again. No memory is taken after
/// construction.
class LineWriter {
 public:
  /// Writes whole lines, each with its end. Called by the writer's thread alone; may wait for ever, then only that
  /// thread does. False: they are lost.
  using Output = std::function<bool(std::string_view lines)>;
  /// Makes the line, with its end, that says that so many lines were lost.
  using Report = std::function<std::string(std::uint64_t lost)>;

  /// `capacity`: bytes that may wait. Throws std::runtime_error when there is no thread to be had.
  LineWriter(std::size_t capacity, Output output, Report report);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  /// The thread ends when it has written what waits; it is not waited for.
  ~LineWriter();

  /// `line` without its end. False: there was no room, and the line is counted as lost. Any thread.
  bool add(std::string_view line) noexcept;
  /// Counts a line as lost that could not even be made. Any thread.
  void lose() noexcept;
  /// What is added from now on goes elsewhere, and what waits too. Any thread.
  void replace(Output output);
  /// Waits until everything is written, but not for longer; whether it is. Any thread.
  bool flush(std::chrono::milliseconds longest);

 private:
  struct State;
  static void run(State& state);
  std::shared_ptr<State> state_;  // shared with the thread
};

/// An Output: to a descriptor that outlives it.
bool write_lines(int descriptor, std::string_view lines);

}  // namespace vmms
