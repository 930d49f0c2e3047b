// What every verb that talks to a server works with: the client, the console, and the answers to "which VM" and "how
// did the method end".
#pragma once

#include "base/result.hpp"
#include "cli/console.hpp"
#include "wire/wsman/client.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::cli {

namespace wsman = wire::wsman;

/// The options that all verbs share.
struct Options {
  std::string server;  ///< empty: see default_server()
  std::string user;
  std::string password_file;
  std::string ca_file;
  bool insecure = false;
  unsigned timeout_seconds = 60;
};

/// The local socket of a vmmsd on this machine, the caller's own before the host's; where there is none, port 5985.
std::string default_server();

/// Msvm_ComputerSystem.EnabledState of a virtual machine as it is observed on hosts.
enum class State : std::uint64_t { running = 2, off = 3, saved = 6, paused = 9 };

struct VirtualMachine {
  std::string id;    ///< upper-case GUID
  std::string name;  ///< ElementName
  State state = State::off;

  cim::ObjectPath path() const;
};

/// "running", "off" …; a number for states that have no name.
std::string state_name(State state);

/// How a method ended, a job that it started included.
struct Completion {
  std::string method;
  wsman::Outcome outcome;
  std::uint32_t return_value = 0;  ///< what the method answered
  std::string meaning;             ///< of the return value, empty when it has no name
  std::string job;                 ///< InstanceID, empty when there was no job
  std::uint32_t job_error = 0;     ///< the job's ErrorCode
  std::string explanation;         ///< why it did not succeed, as far as it is known

  bool succeeded() const { return job_error == 0 && (return_value == 0 || !job.empty()); }
  /// "StartService returned 1 (Not supported): …"
  std::string text() const;
};

class Session {
 public:
  static Result<Session> open(const Options& options, Console& console);

  wsman::Client& client() { return client_; }
  /// One more connection to the same server, as the same user, for another thread.
  Result<wsman::Client> another_client() const { return wsman::Client::create(server_, settings_); }
  Console& console() { return console_; }
  std::chrono::seconds timeout() const {
    return std::chrono::duration_cast<std::chrono::seconds>(settings_.operation_timeout);
  }

  /// By ElementName or GUID, of either case. An ambiguous name is an error that lists the candidates.
  Result<VirtualMachine> find_virtual_machine(std::string_view name);
  Result<std::vector<wsman::Record>> virtual_machines();

  /// Invokes a method and waits for the job that it starts, if any. The job may take as long as the time-out says.
  Result<Completion> call(const cim::ObjectPath& path, std::string_view method,
                          const std::vector<wsman::Input>& inputs = {});

 private:
  Session(wsman::Client client, std::string server, wsman::ClientOptions settings, Console& console);
  Status wait_for_job(const cim::ObjectPath& job, Completion& completion);

  wsman::Client client_;
  std::string server_;
  wsman::ClientOptions settings_;
  Console& console_;
};

/// The paths of a VM's parts.
cim::ObjectPath interface_component(const VirtualMachine& machine);
cim::ObjectPath shutdown_component(const VirtualMachine& machine);
cim::ObjectPath interface_settings(const VirtualMachine& machine);
cim::ObjectPath guest_service(const VirtualMachine& machine, std::string_view name);

/// Prints how a method ended and tells the exit status. `success` is for people; `result` gets the return value and its
/// meaning added, and is printed with --json.
int finish(Console& console, const Completion& completion, boost::json::object result, std::string_view success);

}  // namespace vmms::cli
