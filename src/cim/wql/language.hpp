#pragma once

namespace vmms::cim::wql {

/// Of CQL (DSP0202) what means the same in WQL is read: SELECT without LIKE, whose patterns are others; properties may
/// have the name of their class before them.
enum class Language : bool { wql, cql };

}  // namespace vmms::cim::wql
