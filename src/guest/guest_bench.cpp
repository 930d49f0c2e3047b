// Host time and agent commands of what is done in a guest, its agent answering at once.
//   ninja -C build/release vmms_guest_bench && build/release/vmms_guest_bench
#include "guest/guest.hpp"
#include "guest/services/init_scripts.hpp"
#include "guest/services/systemd.hpp"
#include "guest/services/windows.hpp"
#include "guest/testing/fake_agent.hpp"

#include <benchmark/benchmark.h>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;

std::string unit(std::size_t number) {
  const std::string name = "some-typical-unit-" + std::to_string(number) + ".service";
  return "Type=notify\nMainPID=640\nResult=success\nExecMainCode=0\nExecMainStatus=0\nId=" + name + "\nNames=" + name +
         "\nDescription=Does what a typical unit does\nLoadState=loaded\nActiveState=active\nSubState=running\n"
         "UnitFileState=enabled\nStateChangeTimestamp=Sun 2026-11-22 14:20:24.123456 UTC\n\n";
}

std::string units(std::int64_t count) {
  std::string text = "Fingerprint=1 2\n";
  for (std::int64_t i = 0; i < count; ++i) text += unit(static_cast<std::size_t>(i));
  return text + "UnitFiles=unchanged\n";
}

std::string first_list(std::int64_t count) {
  std::string text = units(count);
  return text.substr(0, text.rfind("unchanged")) + "\n";
}

void read_systemd_list(benchmark::State& state) {
  const auto manager = make_systemd(252);
  const Output output{0, std::nullopt, first_list(state.range(0)), ""};
  for (auto _ : state) benchmark::DoNotOptimize(manager->read_list(output, nullptr));
}
BENCHMARK(read_systemd_list)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::millisecond);

void read_init_script_list(benchmark::State& state) {
  const auto manager = make_openrc();
  std::string text;
  for (std::int64_t i = 0; i < state.range(0); ++i)
    text += "Name=service" + std::to_string(i) + "\nState=started\nMode=enabled\nProcess=640\n\n";
  for (std::int64_t i = 0; i < state.range(0); ++i)
    text += "Text=service" + std::to_string(i) + ":description=\"Does what a typical service does\"\n";
  const Output output{0, std::nullopt, text + "End\n", ""};
  for (auto _ : state) benchmark::DoNotOptimize(manager->read_list(output, nullptr));
}
BENCHMARK(read_init_script_list)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::millisecond);

/// Counts agent commands beside the time. The agent is a fake one in this process: its own work, such as base64, is in
/// the time; poll_delays is 1 ms.
template <class Operation>
void measure(benchmark::State& state, std::int64_t services, Operation operation) {
  const auto agent = std::make_shared<FakeAgent>();
  agent->reply(std::string(systemd_list_script), {0, first_list(services), ""});
  agent->reply(std::string(systemd_state_script), {0, unit(0), ""});
  agent->reply(std::string(systemd_start_script), {0, "ExitStatus=0\n" + unit(0), ""});
  agent->reply(std::string(systemd_mode_script), {0, "ExitStatus=0\n" + unit(0), ""});
  const auto guest = make_agent_guest(agent);
  (void)guest->capabilities(Clock::now() + 5s);
  const std::size_t before = agent->commands();
  for (auto _ : state) operation(*guest);
  state.counters["commands"] =
      benchmark::Counter(static_cast<double>(agent->commands() - before), benchmark::Counter::kAvgIterations);
}

void list(benchmark::State& state) {
  measure(state, state.range(0), [&](Guest& guest) {
    // A start makes what was read before void.
    state.PauseTiming();
    (void)guest.start_service("a", Clock::now() + 5s);
    state.ResumeTiming();
    benchmark::DoNotOptimize(guest.services(Clock::now() + 5s));
  });
  state.counters["commands"].value -= static_cast<double>(2 * state.iterations());  // those of the start
}
BENCHMARK(list)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::millisecond)->UseRealTime();

void list_again_within_a_second(benchmark::State& state) {
  measure(state, state.range(0), [&](Guest& guest) { benchmark::DoNotOptimize(guest.services(Clock::now() + 5s)); });
}
BENCHMARK(list_again_within_a_second)->Arg(1000)->Unit(benchmark::millisecond)->UseRealTime();

void look(benchmark::State& state) {
  measure(state, 10, [&](Guest& guest) { benchmark::DoNotOptimize(guest.service("a", Clock::now() + 5s)); });
}
BENCHMARK(look)->Unit(benchmark::millisecond)->UseRealTime();

void start(benchmark::State& state) {
  measure(state, 10, [&](Guest& guest) { benchmark::DoNotOptimize(guest.start_service("a", Clock::now() + 5s)); });
}
BENCHMARK(start)->Unit(benchmark::millisecond)->UseRealTime();

void change_start_mode(benchmark::State& state) {
  measure(state, 10, [&](Guest& guest) {
    benchmark::DoNotOptimize(guest.change_start_mode("a", StartMode::automatic, Clock::now() + 5s));
  });
}
BENCHMARK(change_start_mode)->Unit(benchmark::millisecond)->UseRealTime();

}  // namespace
}  // namespace vmms::guest
