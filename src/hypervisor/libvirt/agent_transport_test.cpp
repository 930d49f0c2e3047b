#include "hypervisor/libvirt/agent_transport.hpp"

#include "base/thread.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <limits>
#include <new>
#include <set>
#include <thread>
#include <vector>

namespace vmms::hypervisor::libvirt {
namespace {

using namespace std::chrono_literals;
using guest::Clock;

/// A hypervisor whose calls the test answers, in order, when it likes; by itself it echoes.
class FakeHypervisor {
 public:
  FakeHypervisor() {
    vm.id = "A1576C71-F505-4D1B-9B78-2CFD971B0F31";
    vm.name = "web";
    vm.power = PowerState::running;
    vm.agent_channel = true;
    vm.agent_connected = true;
  }

  std::shared_ptr<AgentTransport> transport(std::chrono::milliseconds idle = 5s) {
    return std::make_shared<AgentTransport>(
        vm.id,
        AgentTransport::Hypervisor{[this] { return present(); },
                                   [this](const std::string& json, Clock::time_point) { return call(json); }, idle});
  }

  void hang() {
    const std::lock_guard lock(mutex);
    hanging = true;
  }
  void answer() {
    {
      const std::lock_guard lock(mutex);
      hanging = false;
    }
    changed.notify_all();
  }
  void wait_for_calls(std::size_t count) {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, 5s, [&] { return calls.size() >= count; }));
  }

  VirtualMachine vm;
  bool gone = false;
  std::atomic<bool> exhausted{false};
  std::mutex mutex;
  std::vector<std::string> calls;
  std::set<std::thread::id> threads;

 private:
  VirtualMachinePtr present() {
    const std::lock_guard lock(mutex);
    return gone ? nullptr : std::make_shared<const VirtualMachine>(vm);
  }
  Result<std::string> call(const std::string& json) {
    std::unique_lock lock(mutex);
    calls.push_back(json);
    threads.insert(std::this_thread::get_id());
    changed.notify_all();
    changed.wait(lock, [this] { return !hanging; });
    if (exhausted) throw std::bad_alloc();
    return "answer to " + json;
  }

  std::condition_variable changed;
  bool hanging = false;
};

Clock::time_point in(std::chrono::milliseconds time) { return Clock::now() + time; }

TEST(AgentTransport, AnswersInOrder) {
  FakeHypervisor hypervisor;
  const auto transport = hypervisor.transport();
  EXPECT_TRUE(transport->connected());
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(*transport->command(std::to_string(i), in(5s)), "answer to " + std::to_string(i));
  }
  EXPECT_EQ(hypervisor.threads.size(), 1U) << "one thread serves a busy guest";
}

TEST(AgentTransport, ReturnsByTheDeadlineWhateverHangs) {
  FakeHypervisor hypervisor;
  const auto transport = hypervisor.transport();
  hypervisor.hang();
  const auto begin = Clock::now();
  const auto first = transport->command("1", in(100ms));
  const auto second = transport->command("2", in(100ms));
  EXPECT_LT(Clock::now() - begin, 2s);
  ASSERT_FALSE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(first.error().kind, Failure::unreachable);
  EXPECT_NE(first.error().message.find("web"), std::string::npos);
  EXPECT_NE(first.error().message.find("has not answered for"), std::string::npos);
  EXPECT_NE(second.error().message.find("waited behind another"), std::string::npos);

  hypervisor.answer();
  EXPECT_EQ(*transport->command("3", in(5s)), "answer to 3") << "late answers are dropped";
  EXPECT_EQ(hypervisor.calls, (std::vector<std::string>{"1", "3"})) << "what was given up in the queue is never sent";
}

TEST(AgentTransport, BoundsTheQueue) {
  FakeHypervisor hypervisor;
  const auto transport = hypervisor.transport();
  hypervisor.hang();
  std::atomic<std::size_t> refused{0};
  std::atomic<std::size_t> answered{0};
  std::vector<std::thread> callers;
  const auto call = [&] {
    const auto answer = transport->command("x", in(20s));
    if (answer) ++answered;
    if (!answer && answer.error().kind == Failure::busy) ++refused;
  };
  callers.emplace_back(call);
  hypervisor.wait_for_calls(1);
  for (std::size_t i = 0; i < AgentTransport::most_waiting + 10; ++i) callers.emplace_back(call);
  while (refused < 10) std::this_thread::yield();
  hypervisor.answer();
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(refused, 10U);
  EXPECT_EQ(answered, AgentTransport::most_waiting + 1);
}

TEST(AgentTransport, SaysWhyAGuestCannotBeAsked) {
  FakeHypervisor hypervisor;
  const auto transport = hypervisor.transport();
  const auto refusal = [&] { return transport->command("x", in(1s)).error(); };

  hypervisor.vm.agent_connected = false;
  EXPECT_FALSE(transport->connected());
  EXPECT_EQ(refusal().kind, Failure::unreachable);
  EXPECT_NE(refusal().message.find("no agent is connected"), std::string::npos);
  hypervisor.vm.agent_channel = false;
  EXPECT_NE(refusal().message.find("org.qemu.guest_agent.0"), std::string::npos);
  hypervisor.vm.power = PowerState::paused;
  EXPECT_EQ(refusal().kind, Failure::unreachable);
  EXPECT_NE(refusal().message.find("is paused"), std::string::npos);
  hypervisor.vm.power = PowerState::saved;
  EXPECT_EQ(refusal().kind, Failure::invalid_state);
  EXPECT_NE(refusal().message.find("is saved, not running"), std::string::npos);
  hypervisor.gone = true;
  EXPECT_EQ(refusal().kind, Failure::invalid_state);
  EXPECT_NE(refusal().message.find("no longer exists"), std::string::npos);
  EXPECT_TRUE(hypervisor.calls.empty());
}

TEST(AgentTransport, EndsItsThreadWhenIdleAndStartsAnother) {
  FakeHypervisor hypervisor;
  const auto transport = hypervisor.transport(1ms);
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(transport->command("x", in(5s)));
    if (i % 10 == 0) std::this_thread::sleep_for(3ms);
  }
  while (transport.use_count() > 1) std::this_thread::yield();
  EXPECT_TRUE(transport->command("x", in(5s)));
}

TEST(AgentTransport, ClosingAnswersEverybodyAndWaitsForNothing) {
  FakeHypervisor hypervisor;
  const auto transport = hypervisor.transport();
  hypervisor.hang();
  auto sent = std::async(std::launch::async, [&] { return transport->command("1", in(60s)); });
  hypervisor.wait_for_calls(1);
  auto queued = std::async(std::launch::async, [&] { return transport->command("2", in(60s)); });
  transport->close(error(Failure::unreachable, "ending"));
  EXPECT_EQ(sent.get().error().message, "ending");
  EXPECT_EQ(queued.get().error().message, "ending");
  EXPECT_EQ(transport->command("3", in(60s)).error().message, "ending");
  hypervisor.answer();
  while (transport.use_count() > 1) std::this_thread::yield();  // the thread uses what this test owns
}

TEST(AgentTransport, RefusesAnAnswerWithoutMeasure) {
  VirtualMachine vm;
  vm.power = PowerState::running;
  vm.agent_channel = vm.agent_connected = true;
  const auto transport = std::make_shared<AgentTransport>(
      "A",
      AgentTransport::Hypervisor{[&] { return std::make_shared<const VirtualMachine>(vm); },
                                 [](const std::string&, Clock::time_point) {
                                   return Result<std::string>(std::string(AgentTransport::longest_answer + 1, 'x'));
                                 },
                                 1ms});
  EXPECT_EQ(transport->command("x", in(60s)).error().kind, Failure::failed);
  const auto too_long = transport->command(std::string(AgentTransport::longest_command + 1, 'x'), in(60s));
  EXPECT_NE(too_long.error().message.find("too long"), std::string::npos) << too_long.error().message;
  while (transport.use_count() > 1) std::this_thread::yield();
}

TEST(AgentTransport, ManyCallersGetTheirOwnAnswers) {
  FakeHypervisor hypervisor;
  const auto transport = hypervisor.transport();
  std::vector<std::thread> callers;
  for (int t = 0; t < 8; ++t) {
    callers.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const std::string text = fmt::format("{}/{}", t, i);
        EXPECT_EQ(*transport->command(text, in(10s)), "answer to " + text);
        if (i % 10 == 0) transport->agent_came();
      }
    });
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(transport->connection(), 80U);
}

TEST(AgentTransport, AThreadThatCannotBeStartedIsAnErrorAndHoldsUpNothing) {
  FakeHypervisor hypervisor;
  const auto transport = hypervisor.transport(1ms);
  limit_threads(0);
  const auto refused = transport->command("1", in(5s));
  limit_threads(std::numeric_limits<std::size_t>::max());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Failure::busy);
  EXPECT_NE(refused.error().message.find("no thread can be started"), std::string::npos) << refused.error().message;
  EXPECT_EQ(*transport->command("2", in(5s)), "answer to 2");
  EXPECT_EQ(hypervisor.calls, (std::vector<std::string>{"2"}));
  while (transport.use_count() > 1) std::this_thread::yield();
}

TEST(AgentTransport, ACallThatThrowsIsAnErrorAndTheNextOneGoesOn) {
  FakeHypervisor hypervisor;
  const auto transport = hypervisor.transport(1ms);
  for (int i = 0; i < 3; ++i) {
    hypervisor.exhausted = true;
    const auto begun = Clock::now();
    const auto failed = transport->command("1", in(30s));
    EXPECT_LT(Clock::now() - begun, 10s) << "nobody waits for what is over";
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, Failure::internal);
    EXPECT_EQ(failed.error().message, "out of memory");
    hypervisor.exhausted = false;
    EXPECT_EQ(*transport->command("2", in(30s)), "answer to 2");
  }
  while (transport.use_count() > 1) std::this_thread::yield();
}

}  // namespace
}  // namespace vmms::hypervisor::libvirt
