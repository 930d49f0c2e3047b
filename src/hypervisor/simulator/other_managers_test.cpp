// Start modes, and the same services under each service manager.
#include "guest/guest.hpp"
#include "hypervisor/simulator/host.hpp"

#include <gtest/gtest.h>

namespace vmms::hypervisor::simulator {
namespace {

using namespace std::chrono_literals;
using guest::make_agent_guest;

Clock::time_point soon() { return Clock::now() + 30s; }

template <class T>
Failure kind(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result.has_value() ? Failure::internal : result.error().kind;
}

FleetDescription fleet(const std::vector<std::string>& managers) {
  std::string text = R"(
[template.t]
state = "running"
[[template.t.guest.service]]
name = "web"
state = "active"
[[template.t.guest.service]]
name = "db"
start_milliseconds = 3
[[template.t.guest.service]]
name = "fail"
start = "fail"
exit_status = 3
log = ["no such setting: colour"]
[[template.t.guest.service]]
name = "masked"
masked = true
[[template.t.guest.service]]
name = "static"
unit_file_state = "static"
)";
  for (const std::string& manager : managers)
    text += "[[vm]]\nname = '" + manager + "'\ntemplate = 't'\nguest = { service_manager = '" + manager + "' }\n";
  auto described = parse_description(text, "test");
  EXPECT_TRUE(described) << described.error().message;
  return std::move(*described);
}

TEST(SimulatedManagers, StartModes) {
  Simulator host(fleet({"systemd"}));
  const auto guest = make_agent_guest(host.guests().find(host.machines().list("", 1)[0]->id));
  const auto change = [&](std::string_view name, guest::StartMode mode) {
    return guest->change_start_mode(name, mode, soon());
  };
  EXPECT_EQ(change("db", guest::StartMode::disabled)->service.start_mode(), guest::StartMode::disabled);
  EXPECT_EQ(guest->start_service("db", soon())->exit_status, 1U) << "it is masked";
  EXPECT_EQ(change("db", guest::StartMode::automatic)->service.unit_file_state, "enabled");
  EXPECT_TRUE(guest->start_service("db", soon())->service.started());
  EXPECT_EQ(change("static", guest::StartMode::automatic)->service.start_mode(), guest::StartMode::manual);
  EXPECT_EQ(change("masked", guest::StartMode::manual)->service.start_mode(), guest::StartMode::manual);
  EXPECT_EQ(kind(change("nothing", guest::StartMode::manual)), Failure::not_found);
}

TEST(SimulatedManagers, AllShowTheSameServices) {
  Simulator host(fleet({"openrc", "sysvinit", "windows"}));
  for (const auto& machine : host.machines().list("", 10)) {
    SCOPED_TRACE(machine->name);
    const auto guest = make_agent_guest(host.guests().find(machine->id));
    const auto started = guest->start_service("db", soon());
    ASSERT_TRUE(started) << started.error().message;
    EXPECT_TRUE(started->service.started());
    EXPECT_EQ(started->service.name, "db");
    EXPECT_FALSE(guest->stop_service("db.service", soon())->service.started());
    const auto failed = guest->start_service("fail", soon());
    EXPECT_FALSE(failed->service.started());
    EXPECT_EQ(failed->log_lines.at(0), "no such setting: colour");
    EXPECT_EQ(guest->change_start_mode("db", guest::StartMode::automatic, soon())->service.start_mode(),
              guest::StartMode::automatic);
    const auto disabled = guest->change_start_mode("db", guest::StartMode::disabled, soon());
    EXPECT_EQ(disabled.has_value(), machine->name == "windows");
    EXPECT_EQ(kind(guest->start_service("nothing", soon())), Failure::not_found);
    const auto listed = guest->services(soon());
    ASSERT_TRUE(listed) << listed.error().message;
    EXPECT_EQ((*listed)->size(), 5U);
    EXPECT_TRUE((*listed)->at("web").started());
    EXPECT_EQ(guest->service("web", soon())->name, "web");
  }
}

TEST(SimulatedManagers, FailuresAreToldInTheirOwnWords) {
  Simulator host(fleet({"openrc", "sysvinit", "windows"}));
  for (const auto& machine : host.machines().list("", 10)) {
    SCOPED_TRACE(machine->name);
    const auto guest = make_agent_guest(host.guests().find(machine->id));
    for (const char* name : {"fail", "masked"}) {
      const auto outcome = guest->start_service(name, soon());
      ASSERT_TRUE(outcome) << outcome.error().message;
      EXPECT_FALSE(outcome->service.started());
      std::string words = outcome->message;
      for (const std::string& line : outcome->log_lines) words += line;
      for (const char* word : {"systemctl", "journalctl", "Unit ", "Main process", ".service"})
        EXPECT_EQ(words.find(word), std::string::npos) << words;
    }
  }
}

TEST(SimulatedManagers, AWindowsGuestIsWindows) {
  auto described = parse_description(R"toml(
[[vm]]
name = "w"
state = "running"
[vm.guest]
service_manager = "windows"
[[vm.guest.service]]
name = "MSSQL$SQLEXPRESS"
description = "SQL Server (SQLEXPRESS)"
start = "fail"
exit_status = 3
[[vm.guest.service]]
name = "W32Time"
)toml",
                                     "test");
  ASSERT_TRUE(described) << described.error().message;
  Simulator host(std::move(*described));
  const auto guest = make_agent_guest(host.guests().find(host.machines().list("", 1)[0]->id));
  EXPECT_EQ(guest->capabilities(soon())->os_name, "Windows Server 2019 Datacenter");
  // Names are compared without case, and shown as the service was defined.
  const auto started = guest->start_service("w32TIME", soon());
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(started->service.name, "W32Time");
  EXPECT_EQ(guest->service("W32TIME.service", soon())->name, "W32Time");
  EXPECT_EQ((*guest->services(soon()))->size(), 2U);
  const auto failed = guest->start_service("mssql$sqlexpress", soon());
  ASSERT_TRUE(failed) << failed.error().message;
  EXPECT_EQ(failed->service.active_state, "failed");
  EXPECT_EQ(failed->service.exit_status, 3U);
  EXPECT_EQ(failed->log_lines.at(0),
            "The SQL Server (SQLEXPRESS) service terminated with the following service-specific error: %%3");
  EXPECT_EQ(kind(guest->start_service("no\\such", soon())), Failure::not_found);
}

TEST(SimulatedManagers, AGuestMayHaveNoServices) {
  std::string text;
  for (const char* manager : {"systemd", "openrc", "sysvinit", "windows"})
    text += std::string("[[vm]]\nname = '") + manager + "'\nstate = 'running'\nguest = { service_manager = '" +
            manager + "' }\n";
  auto described = parse_description(text, "test");
  ASSERT_TRUE(described) << described.error().message;
  Simulator host(std::move(*described));
  for (const auto& machine : host.machines().list("", 10)) {
    SCOPED_TRACE(machine->name);
    const auto guest = make_agent_guest(host.guests().find(machine->id));
    for (int i = 0; i < 2; ++i) {
      const auto services = guest->services(soon());
      ASSERT_TRUE(services) << services.error().message;
      EXPECT_TRUE((*services)->empty());
    }
    EXPECT_EQ(kind(guest->service("web", soon())), Failure::not_found);
  }
}

}  // namespace
}  // namespace vmms::hypervisor::simulator
