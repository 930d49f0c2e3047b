#include "hypervisor/vm_index.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>

namespace vmms::hypervisor {
namespace {

std::vector<std::string> fill(VmIndex& index, std::size_t count) {
  std::mt19937_64 random(1);
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < count; ++i) {
    VirtualMachine record;
    record.id = fmt::format("{:08X}-0000-4000-8000-{:012X}", random() & 0xffffffffU, i);
    ids.push_back(record.id);
    index.replace(std::move(record));
  }
  return ids;
}

void find(benchmark::State& state) {
  VmIndex index;
  const auto ids = fill(index, static_cast<std::size_t>(state.range(0)));
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(index.find(ids[i++ % ids.size()]));
}
BENCHMARK(find)->Arg(10'000)->Arg(100'000);

void list_page_of_100(benchmark::State& state) {
  VmIndex index;
  const auto ids = fill(index, static_cast<std::size_t>(state.range(0)));
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(index.list(ids[i++ % ids.size()], 100));
}
BENCHMARK(list_page_of_100)->Arg(10'000)->Arg(100'000);

void update(benchmark::State& state) {
  VmIndex index;
  const auto ids = fill(index, static_cast<std::size_t>(state.range(0)));
  std::size_t i = 0;
  for (auto _ : state) index.update(ids[i++ % ids.size()], [](VirtualMachine& record) { ++record.memory_bytes; });
}
BENCHMARK(update)->Arg(10'000)->Arg(100'000);

}  // namespace
}  // namespace vmms::hypervisor
