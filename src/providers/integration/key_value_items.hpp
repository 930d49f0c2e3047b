// Key-value pairs as Msvm_KvpExchangeDataItem: those of the host, which clients add, modify and remove, and what a
// guest reports of itself.
#pragma once

#include "guest/guest.hpp"
#include "providers/common/machines.hpp"

#include <cstdint>
#include <vector>

namespace vmms::providers {

/// Source of an item.
enum class KeyValueSource : std::uint16_t { host = 0, guest = 1, guest_intrinsic = 2, host_only = 4 };

cim::InstancePtr key_value_item(std::string_view name, std::string_view value, KeyValueSource source);

/// The items of the host: those that the guest sees, or those that only the host does.
std::vector<cim::InstancePtr> host_items(const hypervisor::Settings& settings, bool host_only);
/// What the guest gets of them now, in its file.
guest::KeyValues delivered_items(const hypervisor::Settings& settings);

bool is_windows(const guest::Identity& identity);

/// What a guest reports of itself, under the names that Linux and Windows guests of Hyper-V use.
std::vector<cim::InstancePtr> intrinsic_items(const guest::Identity& identity);

enum class KeyValueChange : std::uint8_t { add, modify, remove };

/// All items or none. Errors: not_found (no such VM; to modify or remove: no such item), invalid_argument (an
/// impossible item), already_exists, busy (no more fit), those of VirtualMachines::change_settings.
Status change_key_values(const Environment& environment, KeyValueChange kind, const cim::ObjectPath& machine,
                         const std::vector<cim::InstancePtr>& items);

}  // namespace vmms::providers
