// What every provider is made with: the host, its guests, the jobs, and the administrator's configuration.
#pragma once

#include "base/host_files.hpp"
#include "cim/job/jobs.hpp"
#include "cim/object_manager.hpp"
#include "hypervisor/host.hpp"
#include "providers/common/guests.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace vmms::providers {

struct Configuration {
  /// Whether the Guest Service Interface of a VM is on when it was never set. Hyper-V's default is off.
  bool guest_service_interface = false;
  /// compatibility = "strict": Msvm_GuestFileService answers 1 to StartService and StopService, as its page says.
  bool strict = false;
  std::string version = "0.0.0";  ///< of the product
  /// Which files of the host requests may name; never null.
  std::shared_ptr<const HostFiles> host_files = std::make_shared<const HostFiles>();
  std::uint64_t largest_copy = 1ULL << 40;  ///< bytes of one file that travels through a connection
};

struct Environment {
  hypervisor::Host& host;
  Guests& guests;
  cim::job::Jobs& jobs;
  Configuration configuration;
  const cim::ObjectManager& manager;  ///< whose namespaces root/interop lists
  /// Asks for threads of the caller's share that help it (parallel.hpp); empty: none help.
  std::function<bool(const cim::Context& caller, std::function<void()> task)> offer = {};
};

/// Makes the provider of a class with a Provider qualifier; `Base` is what cimgen wrote for it. Each provider's file
/// specializes it, and one that does not is a link error.
template <class Base>
std::unique_ptr<Base> make_provider(Environment& environment);

}  // namespace vmms::providers
