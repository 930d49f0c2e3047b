// What service managers and their tools print when something fails, each in its own words.
#pragma once

#include "hypervisor/simulator/description.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::hypervisor::simulator {

/// What a tool, such as systemctl, ended with.
struct ToolEnd {
  int exit_status = 0;
  std::string message;
  std::string_view unmet = {};  ///< what did not hold, so that nothing was started: "condition", "assertion"
};

/// The name that a guest under this manager has for a unit: systemd's has the suffix ".service".
std::string manager_name(ManagerState manager, std::string_view unit);

ToolEnd no_such_service(ManagerState manager, std::string_view verb, std::string_view unit);
/// Starting one that is masked or disabled.
ToolEnd start_forbidden(ManagerState manager, std::string_view unit);
ToolEnd start_failed(ManagerState manager, std::string_view unit);
/// A start or stop that another one ended.
ToolEnd canceled(ManagerState manager, std::string_view unit);
/// What is logged when the main process ends with a status, and when one is killed since it ignores the request.
std::vector<std::string> exit_log(ManagerState manager, const ServiceDescription& service, std::string_view unit);
std::vector<std::string> kill_log(ManagerState manager, std::string_view unit);

}  // namespace vmms::hypervisor::simulator
