#include "daemon/signals.hpp"

#include "base/thread.hpp"

#include <signal.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <ctime>
#include <stdexcept>
#include <utility>

namespace vmms::daemon {

namespace {

// The signals that this process handles.
sigset_t requests() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

void Signals::prepare() {
  const sigset_t signals = requests();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // They would end the process. Left are QUIT and what says that the program itself is at fault.
  for (const int harmless : {SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT, SIGXFSZ,
                             SIGXCPU, SIGWINCH, SIGURG})
    ::signal(harmless, SIG_IGN);
  for (int real_time = SIGRTMIN; real_time <= SIGRTMAX; ++real_time) ::signal(real_time, SIG_IGN);
}

Signals::Signals(std::chrono::milliseconds patience, std::function<void()> last)
    : patience_(patience), last_(std::move(last)) {
  const Status started = start_thread("signals", [this] { take(); }, {ThreadUse::service});
  if (!started) throw std::runtime_error("no thread can be started for signals: " + started.error().message);
}

void Signals::set_last(std::function<void()> last) {
  const std::scoped_lock lock(mutex_);
  last_ = std::move(last);
}

std::optional<Signals::Request> Signals::wait(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  if (!asked_.wait_for(lock, longest, [this] { return end_ || reload_; })) return std::nullopt;
  if (end_) return Request::end;
  reload_ = false;
  return Request::reload;
}

bool Signals::ending() const {
  const std::scoped_lock lock(mutex_);
  return end_;
}

void Signals::take() {
  const sigset_t signals = requests();
  int signal = 0;
  do {
    if (sigwait(&signals, &signal) != 0) continue;
    const std::scoped_lock lock(mutex_);
    (signal == SIGHUP ? reload_ : end_) = true;
    asked_.notify_all();
  } while (signal != SIGTERM && signal != SIGINT);
  spdlog::info("ending on {}", signal == SIGINT ? "INT" : "TERM");
  timespec left{.tv_sec = patience_.count() / 1000, .tv_nsec = patience_.count() % 1000 * 1'000'000};
  while (::nanosleep(&left, &left) != 0) continue;
  const std::scoped_lock lock(mutex_);
  last_();
  ::_exit(0);
}

}  // namespace vmms::daemon
