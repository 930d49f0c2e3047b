// Facet of a host: the ways into its guests.
#pragma once

#include "guest/transport/transport.hpp"

#include <memory>
#include <string_view>

namespace vmms::hypervisor {

class GuestTransports {
 public:
  virtual ~GuestTransports() = default;

  /// The way to the agent of a VM; nullptr when there is no such VM. The object stays the same while the VM exists.
  virtual std::shared_ptr<guest::Transport> find(std::string_view id) = 0;
};

}  // namespace vmms::hypervisor
