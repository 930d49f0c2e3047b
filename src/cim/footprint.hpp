// How much memory values take.
#pragma once

#include "cim/object_path.hpp"
#include "cim/value.hpp"

#include <cstddef>

namespace vmms::cim {

/// Bytes, about, with everything inside: what keeping it is charged with. Takes time in proportion to that.
std::size_t footprint(const Value& value);
std::size_t footprint(const Instance& instance);
std::size_t footprint(const ObjectPath& path);
std::size_t footprint(const std::vector<KeyBinding>& keys);
std::size_t footprint(const std::vector<Value>& values);

}  // namespace vmms::cim
