// Starts and stops of a guest's services: who joins whom, and in which order they go.
#pragma once

#include "base/result.hpp"
#include "guest/execution.hpp"
#include "guest/flight.hpp"
#include "guest/service.hpp"
#include "guest/service_manager.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace vmms::guest {

/// Thread-safe. A second start of a service joins the first while that is under way, whatever their deadlines. A stop
/// waits for a start that has just been sent (and the other way round), so that they take effect in the order in which
/// they came; but only for a short while: stopping is how one ends a start that hangs, and systemd sees to the order of
/// what it has accepted.
class Actions {
 public:
  enum class Kind : std::uint8_t { start, stop };
  /// Starts and stops that may be under way in one guest.
  static constexpr std::size_t most_under_way = 64;
  /// How long an action waits for the one before it, counted from that one's begin.
  static constexpr std::chrono::seconds order_time{2};

  /// `changing` is called before a script is sent and after it ended: service states read before are void.
  Actions(std::shared_ptr<Transport> transport, std::shared_ptr<Leftovers> leftovers, std::function<void()> changing)
      : transport_(std::move(transport)), leftovers_(std::move(leftovers)), changing_(std::move(changing)) {}

  Result<ServiceOutcome> act(Kind kind, const std::shared_ptr<const ServiceManager>& manager,
                             const std::string& full_name, Clock::time_point deadline);

 private:
  struct Action;
  struct Ended;
  using ActionPtr = std::shared_ptr<Action>;

  Result<ActionPtr> join(Kind kind, const std::shared_ptr<const ServiceManager>& manager, const std::string& full_name);
  ActionPtr begin(Kind kind, const std::shared_ptr<const ServiceManager>& manager, const std::string& full_name,
                  const ActionPtr& before);
  void leave(const std::string& full_name, const ActionPtr& action);
  void tidy(Clock::time_point deadline);

  std::shared_ptr<Transport> transport_;
  std::shared_ptr<Leftovers> leftovers_;
  std::function<void()> changing_;
  std::mutex mutex_;
  std::map<std::string, ActionPtr> latest_;  ///< of each service, while it is under way
};

}  // namespace vmms::guest
