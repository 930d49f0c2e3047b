#include "daemon/reload.hpp"

#include "daemon/copy_folders.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

#include <ctime>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace vmms::daemon {

namespace {

// The steps of a change, none of which can fail.
using Steps = std::vector<std::function<void()>>;

Result<Steps> prepare(Reloadable& running, const Options& wanted) {
  Steps steps;
  // The current settings, and the new ones.
  Options next = running.options;
  next.certificate = wanted.certificate;
  next.key = wanted.key;
  next.audit = wanted.audit;
  next.configuration = wanted.configuration;
  const auto keep_out = std::make_shared<std::vector<HostFiles::Private>>(private_files(next));
  if (const Status apart = running.host_files.check(*keep_out); !apart) return apart.error();
  steps.emplace_back([&files = running.host_files, keep_out] { files.keep_out(std::move(*keep_out)); });
  auto users = running.users.read_again();
  if (!users) return users.error();
  steps.push_back(std::move(*users));
  auto certificate = running.server.read_certificate({wanted.certificate, wanted.key, running.options.state});
  if (!certificate) return certificate.error();
  steps.push_back(std::move(*certificate));
  auto place = Audit::open(wanted.audit);
  if (!place) return place.error();
  steps.emplace_back(
      [&audit = running.audit, place = std::move(*place), reads = wanted.audit_reads] { audit.use(place, reads); });
  steps.emplace_back([level = wanted.log_level] { spdlog::set_level(spdlog::level::from_str(level)); });
  return steps;
}

// sd_notify(3): systemd waits for READY=1 after this.
void tell_reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
             static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000);
}

}  // namespace

void reload(Reloadable& running, const Parsed& parsed) {
  tell_reloading();
  Result<Steps> steps = parsed.options ? prepare(running, *parsed.options)
                                       : Result<Steps>(error(Failure::invalid_argument, parsed.problem));
  if (steps) {
    for (const auto& step : *steps) step();
    spdlog::info("configuration, users and certificate were read again");
    if (const auto names = need_restart(running.options, *parsed.options); !names.empty())
      spdlog::warn("these keys differ and need a restart: {}", fmt::join(names, ", "));
  } else {
    spdlog::error("HUP changes nothing: {}", steps.error().message);
  }
  sd_notify(0, "READY=1");
}

}  // namespace vmms::daemon
