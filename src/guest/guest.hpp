// One running guest: what its agent allows, and its services. The providers' view of src/guest.
#pragma once

#include "base/ledger.hpp"
#include "base/result.hpp"
#include "guest/files/copy_observer.hpp"
#include "guest/own_agent/own_agent.hpp"
#include "guest/services/capabilities.hpp"
#include "guest/services/service.hpp"
#include "guest/system/system.hpp"
#include "guest/transport/transport.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::guest {

class Files;
class FileCopy;

/// How a guest identifies itself. What its agent does not report is empty.
struct Identity {
  std::string agent_version;
  std::string host_name;
  OperatingSystem system;
  std::vector<NetworkInterface> interfaces;
};

/// All calls are thread-safe, return by `deadline`, and wait for the guest. The same reads in flight are shared; a
/// second start of the same service joins the first. Failures, by kind:
///   not_supported  no agent, the agent forbids what is needed, no known service manager
///   unreachable    the agent is connected but silent (found within 5 s, then known at once until it answers again),
///   the
///                  VM is paused, file systems are frozen
///   not_found      no such service
///   timed_out      the deadline passed; the guest goes on
///   invalid_state  the VM does not run
class Guest {
 public:
  enum class Page { first, further };
  /// For callers that have other guests to ask as well: one that has not given a sign of life yet gets a second for it,
  /// and one whose service manager is starting is not waited for.
  enum class Patience { whole, little };

  virtual ~Guest() = default;

  virtual Result<Capabilities> capabilities(Clock::time_point deadline) = 0;
  /// Without asking the guest: what is known from an earlier call, or nothing.
  virtual std::shared_ptr<const Capabilities> known_capabilities() const = 0;

  /// Asks the agent for a sign of life (guest-ping, at most 4 s), also one that is known to be silent.
  virtual Status ping(Clock::time_point deadline) = 0;

  /// Whether the agent answers, without loading it: at most one ping a second, shared, and back within a second.
  /// Errors: unreachable (silent, or no agent), timed_out.
  virtual Status heartbeat(Clock::time_point deadline) = 0;

  /// What the guest has apart from its services.
  virtual std::shared_ptr<System> system() = 0;
  /// Its name, system and addresses; at most 5 s old, read by one of the callers.
  virtual Result<std::shared_ptr<const Identity>> identity(Clock::time_point deadline) = 0;
  /// Values that programs of the guest publish to the host; at most 5 s old.
  virtual Result<KeyValues> key_values(Clock::time_point deadline) = 0;
  /// How far its clock is ahead of this host's; at most 5 s old.
  virtual Result<std::chrono::nanoseconds> clock_offset(Clock::time_point deadline) = 0;

  /// All loaded .service units and installed unit files, by name, read again when their states are half a second old;
  /// a caller that has seen their first page need not wait for that.
  virtual Result<std::shared_ptr<const std::map<std::string, Service>>> services(
      Clock::time_point deadline, Page page = Page::first, Patience patience = Patience::whole) = 0;
  /// One service, also an instance of a template that is not loaded. A name without a suffix gets ".service".
  virtual Result<Service> service(std::string_view name, Clock::time_point deadline) = 0;
  virtual Result<ServiceOutcome> start_service(std::string_view name, Clock::time_point deadline) = 0;
  virtual Result<ServiceOutcome> stop_service(std::string_view name, Clock::time_point deadline) = 0;
  /// Whether the service starts with the guest; does not start or stop it. not_supported also where the guest's service
  /// manager has no such mode.
  virtual Result<ServiceOutcome> change_start_mode(std::string_view name, StartMode mode,
                                                   Clock::time_point deadline) = 0;

  /// Our own agent in the guest, while it is there; null otherwise. A call has it deployed where that is allowed.
  virtual std::shared_ptr<OwnAgentSession> own_agent() = 0;
  /// Whether it is there, without having it deployed.
  virtual bool has_own_agent() const = 0;
  /// Removes it from the guest; waits for nothing. The next call for a service deploys it again.
  virtual void drop_own_agent() = 0;
  /// Whether it is in use, and why not, for people.
  virtual std::string own_agent_description() const = 0;

  /// guest/files/files.hpp and file_copy.hpp.
  virtual const Files& files() const = 0;
  virtual Result<std::unique_ptr<FileCopy>> begin_copy(CopyObserver observer, Clock::time_point deadline) = 0;
};

/// A guest, reached through its agent. The transport outlives it or answers "invalid_state" once its VM is gone.
/// `program` is deployed to it, unless that is empty; `account` pays for what is kept of its data.
std::shared_ptr<Guest> make_agent_guest(std::shared_ptr<Transport> transport, OwnAgentProgram program = {},
                                        AccountPtr account = {});

}  // namespace vmms::guest
