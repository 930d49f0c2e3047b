// The names of the host's processors, in the order of their names.
#pragma once

#include "providers/common/environment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vmms::providers {

/// "CPU0", "CPU1" …, one for each socket.
inline std::vector<std::string> processor_ids(const hypervisor::HostInformation& host) {
  std::vector<std::string> ids;
  for (std::uint32_t socket = 0; socket < std::max(host.sockets, 1U); ++socket)
    ids.push_back(fmt::format("CPU{}", socket));
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace vmms::providers
