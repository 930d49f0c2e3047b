// What MOF for Windows may build on without declaring it.
#pragma once

#include "cim/mof/ast.hpp"

namespace vmms::cim::mof {

/// The classes that WMI has in every namespace for providers, timers, events and settings (names with __ in front), and
/// those of its own consumers and event tracing. Not those that schema/wmi has.
Declarations wmi_classes();

}  // namespace vmms::cim::mof
