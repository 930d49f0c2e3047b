// Properties of units, as D-Bus carries them.
#pragma once

#include "guest/protocol/messages.hpp"

#include <dbus/dbus.h>

#include <optional>
#include <string>

namespace vmms::agent {

/// Puts the values of an array of names and variants into the unit. What is unknown, or of another type than expected,
/// is left out.
void set_properties(guest::protocol::Unit& unit, DBusMessageIter* array);

/// Whether the unit's conditions held when they were looked at; nothing: they were not, or the array does not say.
std::optional<bool> conditions_held(DBusMessageIter* array);

/// The text at the iterator; empty when it is something else.
std::string text_at(DBusMessageIter* at);

}  // namespace vmms::agent
