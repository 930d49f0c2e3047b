#include "hypervisor/vm_index.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <set>
#include <thread>

namespace vmms::hypervisor {
namespace {

VirtualMachine vm(std::string id, std::string name = "vm") {
  VirtualMachine result;
  result.id = std::move(id);
  result.name = std::move(name);
  return result;
}

std::string guid(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  return fmt::format("{:08X}-{:04X}-{:04X}-{:04X}-{:012X}", random() & 0xffffffffU, random() & 0xffffU,
                     random() & 0xffffU, random() & 0xffffU, random() & 0xffffffffffffU);
}

/// Collects the changes that a listener gets, and waits for them.
struct Told {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<VirtualMachinePtr, VirtualMachinePtr>> changes;

  VirtualMachines::Listener listener() {
    return [this](const VirtualMachinePtr& before, const VirtualMachinePtr& after) {
      const std::lock_guard lock(mutex);
      changes.emplace_back(before, after);
      changed.notify_all();
    };
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(5), [&] { return changes.size() >= count; });
  }
};

TEST(VmIndex, FindsWithoutRegardToCase) {
  VmIndex index;
  EXPECT_EQ(index.replace(vm("a1576c71-f505-4d1b-9b78-2cfd971b0f31", "web")), nullptr);
  const auto found = index.find("A1576c71-F505-4D1B-9b78-2CFD971B0F31");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, "A1576C71-F505-4D1B-9B78-2CFD971B0F31");
  EXPECT_EQ(found->name, "web");
  EXPECT_EQ(index.find("A1576C71-F505-4D1B-9B78-2CFD971B0F32"), nullptr);
  EXPECT_EQ(index.find(""), nullptr);
}

TEST(VmIndex, ListsInOrderAndGoesOnBehindAnyText) {
  VmIndex index;
  std::set<std::string> ids;
  for (std::uint64_t i = 0; i < 2000; ++i) ids.insert(guid(i));
  // Not GUIDs: the order must hold for them too.
  for (const char* odd : {"", "!", "0", "9", ":", "A", "F", "FF", "G", "G0", "Z", "F!", "\xff", "@"}) ids.insert(odd);
  for (const auto& id : ids) index.replace(vm(id));
  EXPECT_EQ(index.size(), ids.size());

  std::vector<std::string> seen = {""};  // `after` empty means "from the first", which leaves out the empty id itself
  while (true) {
    const auto page = index.list(seen.back(), 7);
    ASSERT_LE(page.size(), 7U);
    if (page.empty()) break;
    for (const auto& record : page) seen.push_back(record->id);
  }
  EXPECT_EQ(seen, std::vector<std::string>(ids.begin(), ids.end()));

  EXPECT_EQ(index.list("9", 1).at(0)->id, *ids.upper_bound("9"));
  EXPECT_EQ(index.list("f", 1).at(0)->id, *ids.upper_bound("F"));
  EXPECT_TRUE(index.list("\xff\xff", 10).empty());
  EXPECT_TRUE(index.list("", 0).empty());
}

TEST(VmIndex, TellsListenersInTheOrderOfChanges) {
  Told told;
  VmIndex index;
  index.listen(told.listener());
  index.replace(vm("A", "one"));
  index.replace(vm("A", "two"));
  index.replace(vm("A", "two"));  // nothing differs: no listener is called
  index.update("a", [](VirtualMachine& record) { record.power = PowerState::running; });
  index.erase("a");
  index.erase("a");
  ASSERT_TRUE(told.wait_for(4));
  ASSERT_EQ(told.changes.size(), 4U);
  EXPECT_EQ(told.changes[0].first, nullptr);
  EXPECT_EQ(told.changes[0].second->name, "one");
  EXPECT_EQ(told.changes[1].first->name, "one");
  EXPECT_EQ(told.changes[1].second->name, "two");
  EXPECT_EQ(told.changes[2].second->power, PowerState::running);
  EXPECT_EQ(told.changes[3].second, nullptr);
  EXPECT_EQ(index.size(), 0U);
}

// A vsock device that was plugged into a running VM once went unnoticed.
TEST(VmIndex, TellsAChangeOfEachFieldAlone) {
  const std::vector<std::function<void(VirtualMachine&)>> changes = {
      [](auto& vm) { vm.name = "other"; },
      [](auto& vm) { vm.description = "text"; },
      [](auto& vm) { vm.processors = 2; },
      [](auto& vm) { vm.memory_bytes = 1; },
      [](auto& vm) { vm.agent_channel = true; },
      [](auto& vm) { vm.settings.heartbeat = false; },
      [](auto& vm) {
        vm.settings.host_key_values = {{"name", "value"}};
      },
      [](auto& vm) { vm.settings.communication_services = {{"id"}}; },
      [](auto& vm) { vm.power = PowerState::running; },
      [](auto& vm) { vm.persistent = false; },
      [](auto& vm) { vm.process_id = 1; },
      [](auto& vm) { vm.created = SystemTime(); },
      [](auto& vm) { vm.state_changed = SystemTime(); },
      [](auto& vm) { vm.configuration_changed = SystemTime(); },
      [](auto& vm) { vm.started = SystemTime(); },
      [](auto& vm) { vm.agent_connected = true; },
      [](auto& vm) { vm.vsock_context = 3; },
  };
  VmIndex index;
  Told told;
  index.listen(told.listener());
  VirtualMachine record = vm("A");
  index.replace(record);
  for (std::size_t i = 0; i < changes.size(); ++i) {
    changes[i](record);
    index.replace(record);
    ASSERT_TRUE(told.wait_for(i + 2)) << "change " << i;
    EXPECT_TRUE(*told.changes.back().second == record) << "change " << i;
  }
}

TEST(VmIndex, AListenerMayUseTheIndex) {
  Told told;
  VmIndex index;
  index.listen([&index](const VirtualMachinePtr&, const VirtualMachinePtr& after) {
    if (after && after->id == "A") index.replace(vm("B", index.find("a")->name));
  });
  index.listen(told.listener());
  index.replace(vm("A", "x"));
  ASSERT_TRUE(told.wait_for(2));
  EXPECT_EQ(index.find("B")->name, "x");
}

TEST(VmIndex, UpdateKeepsTheIdAndAnswersNullForNoRecord) {
  VmIndex index;
  EXPECT_EQ(index.update("A", [](VirtualMachine&) { FAIL(); }), nullptr);
  index.replace(vm("A"));
  const auto held = index.find("A");
  const auto updated = index.update("A", [](VirtualMachine& record) {
    record.id = "B";
    record.name = "changed";
  });
  EXPECT_EQ(updated->id, "A");
  EXPECT_EQ(held->name, "vm") << "a record that a reader holds never changes";
}

TEST(VmIndex, ManyThreadsReadWriteAndListen) {
  VmIndex index;
  std::atomic<std::uint64_t> told{0};
  index.listen([&told](const VirtualMachinePtr&, const VirtualMachinePtr&) { ++told; });
  std::vector<std::string> ids;
  for (std::uint64_t i = 0; i < 300; ++i) ids.push_back(guid(i));
  for (const auto& id : ids) index.replace(vm(id));

  std::atomic<bool> ending{false};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t round = 0; round < 2000; ++round) {
        const auto& id = ids[(round * 7 + t) % ids.size()];
        if (round % 17 == 0) index.erase(id);
        if (round % 3 == 0) index.replace(vm(id, std::to_string(round)));
        index.update(id, [](VirtualMachine& record) { ++record.memory_bytes; });
      }
    });
  }
  std::thread reader([&] {
    while (!ending) {
      std::string after;
      while (true) {
        const auto page = index.list(after, 50);
        if (page.empty()) break;
        EXPECT_TRUE(std::is_sorted(page.begin(), page.end(),
                                   [](const auto& left, const auto& right) { return left->id < right->id; }));
        EXPECT_GT(page.front()->id, after);
        after = page.back()->id;
      }
    }
  });
  for (auto& thread : threads) thread.join();
  ending = true;
  reader.join();
  EXPECT_GT(told.load(), 0U);
}

TEST(VmIndex, ConcurrentUpdatesLoseNothing) {
  VmIndex index;
  index.replace(vm("A"));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) index.update("A", [](VirtualMachine& record) { ++record.memory_bytes; });
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(index.find("A")->memory_bytes, 2000U);
}

}  // namespace
}  // namespace vmms::hypervisor
