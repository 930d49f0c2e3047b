// Our own agent in one guest: when it is deployed, when it is removed, and why there is none.
#pragma once

#include "base/ledger.hpp"
#include "base/result.hpp"
#include "guest/agent/execution.hpp"
#include "guest/own_agent/own_agent_session.hpp"
#include "guest/transport/transport.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace vmms::guest {

/// The program that is deployed to guests; lives as long as the process. Empty: none is.
struct OwnAgentProgram {
  std::string_view bytes;
  std::string_view sha256;  ///< of the bytes, in hexadecimal
};

/// `$0` of the scripts.
inline constexpr std::string_view own_agent_look_script = "vmms-own-agent-look";
inline constexpr std::string_view own_agent_start_script = "vmms-own-agent-start";

/// Copies the program into the guest, unless the same is there, and starts it. Takes some seconds, on the caller's
/// thread; ends an older one that still runs. `account` pays for its data. Failures as of Agent and
/// Transport::open_port.
Result<std::shared_ptr<OwnAgentSession>> deploy_own_agent(const std::shared_ptr<Transport>& transport,
                                                          const std::shared_ptr<AbandonedProcesses>& abandoned,
                                                          const OwnAgentProgram& program, const AccountPtr& account,
                                                          Clock::time_point deadline);

/// Thread-safe; nothing here waits for the guest. Deployment runs on its own thread, and no caller waits for it.
class OwnAgent : public std::enable_shared_from_this<OwnAgent> {
 public:
  /// After a failure the next attempt waits so long, then twice as long, up to the most.
  static constexpr std::chrono::seconds first_pause{5};
  static constexpr std::chrono::seconds most_pause{600};

  OwnAgent(std::shared_ptr<Transport> transport, std::shared_ptr<AbandonedProcesses> abandoned, OwnAgentProgram program,
           AccountPtr account = {})
      : transport_(std::move(transport)),
        abandoned_(std::move(abandoned)),
        program_(program),
        account_(std::move(account)) {}
  ~OwnAgent();

  /// The current conversation; null when there is none.
  std::shared_ptr<OwnAgentSession> session() const;
  /// Has it deployed, unless it is there, is on its way, or failed lately.
  void want();
  /// Removes it. It is deployed again when a caller wants it.
  void drop();

  /// Whether it is in use, and why not, for people.
  std::string description() const;

 private:
  void deploy(std::uint64_t generation);

  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<AbandonedProcesses> abandoned_;
  const OwnAgentProgram program_;
  const AccountPtr account_;

  mutable std::mutex mutex_;
  mutable std::shared_ptr<OwnAgentSession> session_;
  std::uint64_t generation_ = 0;  ///< counts drops: a deployment begun before the last one is not wanted
  bool deploying_ = false;
  Clock::time_point session_since_{};
  Clock::time_point not_before_{};
  std::uint64_t tried_connection_ = 0;  ///< of the guest's agent: a new one is a new chance
  Clock::duration pause_{};
  Clock::time_point shunned_until_{};  ///< after it sent too much, whatever the connection
  std::string failure_;
};

}  // namespace vmms::guest
