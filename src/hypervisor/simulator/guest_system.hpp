// What a simulated guest has apart from its services: name, addresses, clock, the files of key-value pairs.
#pragma once

#include "guest/transport/clock.hpp"
#include "hypervisor/simulator/description.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::hypervisor::simulator {

/// Not thread-safe: its guest serializes calls.
class GuestSystem {
 public:
  GuestSystem(std::string vm_name, std::shared_ptr<const GuestDescription> description);

  /// The answer to a command of the agent; nothing: the command is for another part.
  std::optional<boost::json::value> answer(std::string_view command, const boost::json::object& arguments);
  /// What a script of src/guest printed; nothing: the script is for another part.
  std::optional<std::string> run(std::string_view script, const std::string& place, const std::string& input);

  /// The clock stands while the VM is paused or saved.
  void set_running(bool running);
  /// The guest restarts; its files stay.
  void boot();

  /// The file that the host delivers.
  const std::string& host_key_values() const { return host_key_values_; }

 private:
  boost::json::value interfaces() const;

  const std::string vm_name_;
  const std::shared_ptr<const GuestDescription> description_;
  std::chrono::nanoseconds clock_offset_;  ///< how far the guest's clock is ahead
  std::optional<std::chrono::steady_clock::time_point> stopped_at_;
  std::string host_key_values_;
  std::string new_host_key_values_;  ///< as far as they were written
};

}  // namespace vmms::hypervisor::simulator
