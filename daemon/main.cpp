#include "daemon/daemon.hpp"

#include <signal.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <exception>

int main(int argc, char** argv) {
  try {
    const auto parsed = vmms::daemon::parse_options(argc, argv);
    if (!parsed.options) return parsed.exit_status;

    // Standard output carries the ready line alone.
    spdlog::set_default_logger(spdlog::stderr_color_mt("vmmsd"));
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
    return vmms::daemon::serve(*parsed.options);
  } catch (const std::exception& unexpected) {
    spdlog::critical("{}", unexpected.what());
    return 1;
  }
}
