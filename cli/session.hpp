// What every verb that talks to a server uses: the client, the console, and the answers to "which VM" and "how did the
// method end".
#pragma once

#include "base/result.hpp"
#include "cli/console.hpp"
#include "schema/Msvm_ComputerSystem.hpp"
#include "wire/wsman/client.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
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
  static constexpr unsigned default_timeout_seconds = 60;
  std::optional<unsigned> timeout_seconds;  ///< --timeout
};

/// The local socket of a vmmsd on this machine, the caller's own before the host's; where there is none, or the caller
/// named a user and may use none, port 5985.
std::string default_server(bool has_user);

/// What a virtual machine does.
using State = schema::msvm::ComputerSystem::EnabledState;

/// A property with a value map; 0 when the record does not have it.
template <class Enumeration>
Enumeration enumerator(const wsman::Record& record, std::string_view property) {
  return static_cast<Enumeration>(record.number(property).value_or(0));
}
/// As the value of an input.
template <class Enumeration>
std::string to_input(Enumeration value) {
  return std::to_string(static_cast<std::underlying_type_t<Enumeration>>(value));
}

struct VirtualMachine {
  std::string id;    ///< upper-case GUID
  std::string name;  ///< ElementName
  State state = State::off;

  cim::ObjectPath path() const;
  /// How a command in a message names it.
  std::string word() const;
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

  template <class Code>
  bool returned(Code code) const {
    return return_value == static_cast<std::uint32_t>(code);
  }
  bool started_job() const {
    return returned(
        schema::msvm::ComputerSystem::RequestStateChange::Code::method_parameters_checked_transition_started);
  }
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
  /// The user set it: it holds even for operations that seem to need longer.
  bool timeout_is_given() const { return timeout_is_given_; }

  /// What the server reports of virtual machines, and why that may be outdated: it has lost its hypervisor.
  struct Inventory {
    std::vector<wsman::Record> machines;  ///< by name
    std::optional<Error> lost;
  };
  Result<Inventory> inventory();

  /// By ElementName or GUID, of either case. An ambiguous name is an error that lists the candidates; so is a server
  /// that has lost its hypervisor.
  Result<VirtualMachine> find_virtual_machine(std::string_view name);
  /// The same in what the server reports.
  Result<VirtualMachine> find_virtual_machine(std::string_view name, const Inventory& inventory) const;

  /// Invokes a method and waits for the job that it starts, if any. The job may take as long as the time-out allows.
  Result<Completion> call(const cim::ObjectPath& path, std::string_view method,
                          const std::vector<wsman::Input>& inputs = {});

 private:
  Session(wsman::Client client, std::string server, wsman::ClientOptions settings, bool timeout_is_given,
          Console& console);
  Status wait_for_job(const cim::ObjectPath& path, Completion& completion);

  wsman::Client client_;
  std::string server_;
  wsman::ClientOptions settings_;
  bool timeout_is_given_;
  Console& console_;
};

/// Msvm_VirtualSystemManagementService of the host.
cim::ObjectPath management_service();
/// The paths of a VM's parts.
cim::ObjectPath interface_component(const VirtualMachine& machine);
cim::ObjectPath key_value_component(const VirtualMachine& machine);
cim::ObjectPath key_value_settings(const VirtualMachine& machine);
cim::ObjectPath shutdown_component(const VirtualMachine& machine);
cim::ObjectPath interface_settings(const VirtualMachine& machine);
cim::ObjectPath guest_service(const VirtualMachine& machine, std::string_view name);

/// Prints how a method ended and returns the exit status. `success` is for people; `result` gets the return value and
/// its meaning added, and is printed with --json.
int finish(Console& console, const Completion& completion, boost::json::object result, std::string_view success);

}  // namespace vmms::cli
