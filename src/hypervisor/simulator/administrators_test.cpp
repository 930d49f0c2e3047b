// Administrators who start, stop and look at one service at the same time: what they are answered fits an order of
// events.
#include "guest/guest.hpp"
#include "hypervisor/simulator/host.hpp"

#include <gtest/gtest.h>

#include <barrier>
#include <random>
#include <set>
#include <thread>
#include <tuple>

namespace vmms::hypervisor::simulator {
namespace {

using namespace std::chrono_literals;

/// What one administrator did, when, and what the answer was.
struct Operation {
  enum class Kind : std::uint8_t { start, stop, look };
  Kind kind = Kind::look;
  Clock::time_point begun, ended;
  bool told_started = false;
};
using History = std::vector<std::vector<Operation>>;  ///< by administrator, in his order

/// Looks for an order: an operation takes effect at one moment between its begin and end, and its answer is the
/// state at a later one, also before its end.
class OrderOfEvents {
 public:
  explicit OrderOfEvents(const History& history) : history_(history), next_(history.size()), acted_(history.size()) {}

  /// From the state `started`; which states it may end in is added to `ends`.
  void search(bool started, std::set<bool>& ends) {
    if (!seen_.insert({started, next_, acted_}).second) return;
    bool done = true;
    for (std::size_t who = 0; who < history_.size(); ++who) {
      if (next_[who] == history_[who].size()) continue;
      done = false;
      const Operation& operation = history_[who][next_[who]];
      if (overdue(who, operation)) continue;
      if (!acted_[who] && operation.kind != Operation::Kind::look) {
        acted_[who] = 1;
        search(operation.kind == Operation::Kind::start, ends);
        acted_[who] = 0;
      } else if (operation.told_started == started) {
        const char acted = std::exchange(acted_[who], 0);
        ++next_[who];
        search(started, ends);
        --next_[who];
        acted_[who] = acted;
      }
    }
    if (done) ends.insert(started);
  }

 private:
  // Whether another operation had ended before this one began, and must come first.
  bool overdue(std::size_t who, const Operation& operation) const {
    for (std::size_t other = 0; other < history_.size(); ++other)
      if (other != who && next_[other] < history_[other].size() &&
          history_[other][next_[other]].ended < operation.begun)
        return true;
    return false;
  }

  const History& history_;
  std::vector<std::size_t> next_;
  std::vector<char> acted_;  ///< whose next operation has taken effect
  std::set<std::tuple<bool, std::vector<std::size_t>, std::vector<char>>> seen_;
};

History act_at_once(guest::Guest& guest, std::size_t administrators, unsigned seed) {
  constexpr std::size_t operations = 3;
  History history(administrators, std::vector<Operation>(operations));
  std::barrier together(static_cast<std::ptrdiff_t>(administrators));
  std::vector<std::thread> threads;
  for (std::size_t who = 0; who < administrators; ++who) {
    threads.emplace_back([&, who] {
      std::mt19937 random(seed * 31 + static_cast<unsigned>(who));
      together.arrive_and_wait();
      for (Operation& operation : history[who]) {
        operation.kind = static_cast<Operation::Kind>(random() % 3);
        operation.begun = Clock::now();
        const auto deadline = operation.begun + 30s;
        if (operation.kind == Operation::Kind::look) {
          const auto service = guest.service("db", deadline);
          EXPECT_TRUE(service) << service.error().message;
          operation.told_started = service && service->started();
        } else {
          const auto outcome = operation.kind == Operation::Kind::start ? guest.start_service("db", deadline)
                                                                        : guest.stop_service("db", deadline);
          EXPECT_TRUE(outcome) << outcome.error().message;
          operation.told_started = outcome && outcome->service.started();
        }
        operation.ended = Clock::now();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return history;
}

std::string told(const History& history, Clock::time_point since) {
  std::string text;
  for (const auto& operations : history) {
    for (const Operation& each : operations)
      text += std::string(each.kind == Operation::Kind::look    ? "look"
                          : each.kind == Operation::Kind::start ? "start"
                                                                : "stop") +
              " " + std::to_string((each.begun - since) / 1us) + "-" + std::to_string((each.ended - since) / 1us) +
              (each.told_started ? " started; " : " stopped; ");
    text += "\n";
  }
  return text;
}

TEST(Administrators, AreGivenAnswersThatFitAnOrderOfEvents) {
  for (const auto& [latency, rounds] : {std::pair("0", 100U), std::pair("1", 20U)}) {
    auto fleet = parse_description(std::string("[[vm]]\nname = 'vm'\nstate = 'running'\n[vm.guest]\n") +
                                       "latency_milliseconds = " + latency +
                                       "\n[[vm.guest.service]]\nname = 'db'\nstart_milliseconds = 1\n",
                                   "test");
    ASSERT_TRUE(fleet) << fleet.error().message;
    const std::string id = fleet->machines[0].id;
    Simulator host(std::move(*fleet));
    const auto guest = guest::make_agent_guest(host.guests().find(id));
    std::set<bool> states{false};
    for (unsigned round = 0; round < rounds; ++round) {
      const Clock::time_point begun = Clock::now();
      const History history = act_at_once(*guest, 2 + round % 2, round);
      std::set<bool> ends;
      for (const bool state : states) OrderOfEvents(history).search(state, ends);
      ASSERT_FALSE(ends.empty()) << "round " << round << "\n" << told(history, begun);
      states = std::move(ends);
    }
  }
}

}  // namespace
}  // namespace vmms::hypervisor::simulator
