#include "daemon/daemon.hpp"
#include "daemon/log_sink.hpp"

#include <malloc.h>
#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <exception>

namespace {

// A connection is an open file, and the usual soft limit of 1024 is less than the connections that are served.
void allow_many_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  constexpr rlim_t wanted = 16384;
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? wanted : std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Large answers come and go; giving their memory back each time and taking it again costs the kernel as long as making
// them. So much is kept at most in each of malloc's arenas.
void keep_memory() {
#ifdef __GLIBC__
  constexpr int kept_bytes = 32 << 20;
  mallopt(M_MMAP_THRESHOLD, kept_bytes);
  mallopt(M_TRIM_THRESHOLD, kept_bytes);
#endif
}

std::shared_ptr<spdlog::logger> make_logger() {
  if (::isatty(STDERR_FILENO)) return spdlog::stderr_color_mt("vmmsd");
  return std::make_shared<spdlog::logger>("vmmsd", std::make_shared<vmms::daemon::LogSink>(STDERR_FILENO));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    keep_memory();
    const auto parsed = vmms::daemon::parse_options(argc, argv);
    if (!parsed.options) return parsed.exit_status;

    // Standard output carries the ready line alone.
    spdlog::set_default_logger(make_logger());
    spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
    spdlog::set_level(spdlog::level::from_str(parsed.options->log_level));
    spdlog::flush_on(spdlog::level::info);

    // Before the first thread: all inherit it, and one place waits for the end.
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
    allow_many_files();
    return vmms::daemon::serve(*parsed.options);
  } catch (const std::exception& unexpected) {
    spdlog::critical("{}", unexpected.what());
    return 1;
  }
}
