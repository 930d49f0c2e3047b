#pragma once

namespace vmms::cim::wql {

/// Of CQL (DSP0202) what means the same in WQL is read: SELECT; properties and `*` may have the name of their class
/// before them. The patterns of LIKE are CQL's own: its basic regular expressions.
enum class Language : bool { wql, cql };

}  // namespace vmms::cim::wql
