// What differs between service managers: which script does what, and what its output means. No input or output here.
#pragma once

#include "base/result.hpp"
#include "guest/agent/agent.hpp"
#include "guest/services/service.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace vmms::guest {

/// All services of a guest at one moment.
struct ServiceList {
  std::map<std::string, Service> services;  ///< by canonical name
  /// Of the files that define services; empty: unknown. As long as it stays the same, the guest is asked only about
  /// the services that its manager has loaded.
  std::string fingerprint;
  std::set<std::string> defined;  ///< canonical names of services that are listed even when they are not loaded

  /// When and in which state a loaded service's properties were read.
  struct Loaded {
    std::string state;       ///< in words of the service manager
    Clock::time_point read;  ///< min: they are not those that go with the state
  };
  /// By canonical name; empty where states are not separate from properties.
  std::map<std::string, Loaded> loaded;
  bool incomplete = false;                   ///< new services whose states came alone are left out
  std::string reloaded;                      ///< when the manager read its files again, in words of the guest
  std::chrono::milliseconds states_after{};  ///< from the script's beginning until the states were read
  std::chrono::milliseconds ended_after{};   ///< from the script's beginning to its end; zero: unknown
  Clock::time_point read;                    ///< when this list was read
  Clock::time_point looked_back;             ///< when changes that states do not show were last checked
};

/// The error for an invalid or missing answer of a service manager's tools to a question for `what`.
Error not_understood(std::string_view manager, const Output& output, std::string_view what);

/// Scripts are started in the guest by the caller, who hands their output back. Stateless and thread-safe. Outputs come
/// from a guest: a method that reads one accepts any bytes.
class ServiceManager {
 public:
  virtual ~ServiceManager() = default;

  virtual std::string_view name() const = 0;

  /// The full name of a service for the scripts below; not_found when there can be no such service.
  virtual Result<std::string> full_name(std::string_view name) const = 0;

  /// `known`: what an earlier list gave, or null. Hand the same one to read_list.
  virtual Script list_script(const ServiceList* known) const = 0;
  virtual Result<std::shared_ptr<const ServiceList>> read_list(const Output& output,
                                                               const ServiceList* known) const = 0;

  virtual Script state_script(const std::string& full_name) const = 0;
  virtual Result<Service> read_state(const std::string& full_name, const Output& output) const = 0;

  /// Does it, waits until it is done and reads the state afterwards, all in one script. Doing it twice is the same as
  /// doing it once.
  virtual Script start_script(const std::string& full_name) const = 0;
  virtual Script stop_script(const std::string& full_name) const = 0;
  /// Sets whether the service starts with the guest and reads the state afterwards; does not start or stop it.
  /// not_supported: this manager has no such mode.
  virtual Result<Script> mode_script(const std::string& full_name, StartMode mode) const = 0;
  virtual Result<ServiceOutcome> read_outcome(const std::string& full_name, const Output& output) const = 0;
};

}  // namespace vmms::guest
