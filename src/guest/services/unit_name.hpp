// Names of systemd's service units (systemd.unit(5), "Description").
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace vmms::guest {

/// The name of a service that can be started: "nginx" and "nginx.service" give "nginx.service". not_found, with the
/// reason, for what cannot be one: other characters than systemd's, more than 255 bytes, another kind of unit, a
/// template without its instance, a leading '-' (which a command line would take for an option).
Result<std::string> service_unit_name(std::string_view name);

/// Whether the text is a full service unit name, with its suffix, that service_unit_name would leave as it is.
bool is_service_unit_name(std::string_view name);

/// Whether the text is the full name of a template, "worker@.service".
bool is_service_template(std::string_view name);

}  // namespace vmms::guest
