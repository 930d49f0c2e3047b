#include "base/standard_descriptors.hpp"
#include "daemon/daemon.hpp"
#include "daemon/log_sink.hpp"
#include "daemon/signals.hpp"

#include <malloc.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <memory>

namespace {

using namespace std::chrono_literals;

// A connection is an open file, and the usual soft limit of 1024 is less than the connections that are served. False
// when there are too few to serve any: half of them are kept for other things.
bool allow_many_files() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return true;
  constexpr rlim_t wanted = 16384;
  constexpr rlim_t least = 64;
  if (limit.rlim_cur >= wanted) return true;
  limit.rlim_cur = limit.rlim_max == RLIM_INFINITY ? wanted : std::min(wanted, limit.rlim_max);
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= least) return true;
  spdlog::error("only {} files may be open at the same time; vmmsd needs {}: raise the limit (ulimit -n, LimitNOFILE=)",
                limit.rlim_cur, least);
  return false;
}

// Large answers come and go; giving their memory back each time and taking it again costs the kernel as long as making
// them. Each of malloc's arenas keeps at most so much.
void keep_memory() {
#ifdef __GLIBC__
  constexpr int kept_bytes = 32 << 20;
  mallopt(M_MMAP_THRESHOLD, kept_bytes);
  mallopt(M_TRIM_THRESHOLD, kept_bytes);
#endif
}

// TERM ends the process within two seconds, whatever waits for what. This is the time left for threads that hang.
constexpr auto patience = 1700ms;
constexpr auto log_grace = 150ms;

int run(int argc, char** argv) {
  using namespace vmms::daemon;
  keep_memory();
  const Parsed parsed = parse_options(argc, argv);
  std::cout << parsed.output << std::flush;
  if (!parsed.problem.empty()) std::cerr << parsed.problem << '\n';
  if (!parsed.options) return parsed.exit_status;

  // Standard output carries the ready line alone.
  const auto sink = std::make_shared<LogSink>(STDERR_FILENO);
  const auto logger = std::make_shared<spdlog::logger>("vmmsd", sink);
  logger->set_error_handler([](const std::string&) {});  // it would write to standard error itself, and might wait
  spdlog::set_default_logger(logger);
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
  spdlog::set_level(spdlog::level::from_str(parsed.options->log_level));
  const auto finish_log = [sink] { sink->finish(log_grace); };

  if (!allow_many_files()) {
    finish_log();
    return 1;
  }
  Signals& signals = *new Signals(patience, finish_log);  // for as long as the process
  const int status = serve(*parsed.options, {signals, [argc, argv] { return parse_options(argc, argv); }, finish_log});
  finish_log();
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  vmms::hold_standard_descriptors();
  vmms::daemon::Signals::prepare();
  try {
    return run(argc, argv);
  } catch (const std::exception& unexpected) {
    std::cerr << "vmmsd: " << unexpected.what() << '\n';
    return 1;
  }
}
