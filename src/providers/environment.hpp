// What every provider is made with: the host, its guests, the jobs, and how the administrator configured us.
#pragma once

#include "cim/job/jobs.hpp"
#include "cim/object_manager.hpp"
#include "hypervisor/host.hpp"
#include "providers/guests.hpp"

#include <functional>
#include <string>

namespace vmms::providers {

struct Configuration {
  /// Whether the Guest Service Interface of a VM is on when nobody set it. Hyper-V's default is off.
  bool guest_service_interface = false;
  /// compatibility = "strict": Msvm_GuestFileService answers 1 to StartService and StopService, as its page says.
  bool strict = false;
  std::string version = "0.0.0";  ///< of the product
  std::string copy_root = "/";    ///< files of the host are copied from and to this directory and below
};

struct Environment {
  hypervisor::Host& host;
  Guests& guests;
  cim::job::Jobs& jobs;
  Configuration configuration;
  const cim::ObjectManager& manager;  ///< whose namespaces root/interop lists
  /// Asks for threads of the caller's share that help it (parallel.hpp); empty: nobody helps.
  std::function<bool(const cim::Context& caller, std::function<void()> task)> offer = {};
};

}  // namespace vmms::providers
