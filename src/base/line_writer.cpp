#include "base/line_writer.hpp"

#include "base/thread.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace vmms {

struct LineWriter::State {
  State(std::size_t most, Output to, Report tell)
      : capacity(most), output(std::make_shared<Output>(std::move(to))), report(std::move(tell)) {
    waiting.reserve(capacity);
    writing.reserve(capacity);
  }

  const std::size_t capacity;
  std::mutex mutex;
  std::condition_variable work;
  std::condition_variable done;
  std::shared_ptr<const Output> output;
  const Report report;
  std::string waiting;
  std::uint64_t lost = 0;  // and not reported yet
  bool idle = false;       // the thread waits for work
  bool busy = false;       // the thread writes
  bool ending = false;
  std::string writing;  // the thread's own
};

LineWriter::LineWriter(std::size_t capacity, Output output, Report report)
    : state_(std::make_shared<State>(capacity, std::move(output), std::move(report))) {
  const Status started = start_thread("lines", [state = state_] { run(*state); }, {ThreadUse::service});
  if (!started) throw std::runtime_error("no thread can be started for lines: " + started.error().message);
}

LineWriter::~LineWriter() {
  const std::scoped_lock lock(state_->mutex);
  state_->ending = true;
  state_->work.notify_one();
}

bool LineWriter::add(std::string_view line) noexcept {
  State& state = *state_;
  const std::scoped_lock lock(state.mutex);
  if (line.size() >= state.capacity - state.waiting.size()) {
    ++state.lost;
    return false;
  }
  state.waiting.append(line).push_back('\n');
  if (std::exchange(state.idle, false)) state.work.notify_one();
  return true;
}

void LineWriter::lose() noexcept {
  const std::scoped_lock lock(state_->mutex);
  ++state_->lost;
}

void LineWriter::replace(Output output) {
  auto next = std::make_shared<const Output>(std::move(output));
  const std::scoped_lock lock(state_->mutex);
  state_->output.swap(next);  // what was in use is released behind the lock
}

bool LineWriter::flush(std::chrono::milliseconds longest) {
  std::unique_lock lock(state_->mutex);
  return state_->done.wait_for(lock, longest, [&] { return state_->waiting.empty() && !state_->busy; });
}

void LineWriter::run(State& state) {
  std::unique_lock lock(state.mutex);
  while (true) {
    while (state.waiting.empty() && !state.ending) {
      state.idle = true;
      state.work.wait(lock);
    }
    if (state.waiting.empty()) return;
    state.writing.swap(state.waiting);
    const std::uint64_t lost = std::exchange(state.lost, 0);  // lost after these lines: there was no room
    const std::shared_ptr<const Output> output = state.output;
    state.busy = true;
    lock.unlock();
    bool written = false;
    bool told = lost == 0;
    try {
      written = (*output)(state.writing);
      if (written && lost > 0) told = (*output)(state.report(lost));
    } catch (...) {  // this thread goes on, whatever happens
    }
    const auto unwritten = written ? 0 : std::count(state.writing.begin(), state.writing.end(), '\n');
    state.writing.clear();
    lock.lock();
    state.lost += static_cast<std::uint64_t>(unwritten);
    if (!told) state.lost += lost;
    state.busy = false;
    if (state.waiting.empty()) state.done.notify_all();
  }
}

bool write_lines(int descriptor, std::string_view lines) {
  while (!lines.empty()) {
    const ssize_t written = ::write(descriptor, lines.data(), lines.size());
    if (written > 0) {
      lines.remove_prefix(static_cast<std::size_t>(written));
    } else if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      pollfd ready{descriptor, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (written == 0 || errno != EINTR) {
      return false;
    }
  }
  return true;
}

}  // namespace vmms
