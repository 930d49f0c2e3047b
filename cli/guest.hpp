// Whether and how a guest can be reached, as the server reports it, for all verbs that need it.
#pragma once

#include "cli/session.hpp"
#include "schema/Msvm_GuestServiceInterfaceComponent.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace vmms::cli {

/// OperationalStatus of a VM's Msvm_GuestServiceInterfaceComponent, where the server reports how its guest is reached.
using Contact = schema::msvm::GuestServiceInterfaceComponent::OperationalStatus;

struct Reach {
  Contact contact = Contact::no_contact;
  std::vector<std::string> descriptions;  ///< StatusDescriptions

  std::string text() const;  ///< all of them
};
/// Errors: not_found while the VM is off.
Result<Reach> guest_reach(Session& session, const VirtualMachine& machine);

/// "OK", "degraded", "no contact", "lost", "paused"; a number for others.
std::string contact_name(Contact contact);

/// Whether guest services of the VM may be used.
Result<bool> interface_enabled(Session& session, const VirtualMachine& machine);

/// Why StartService answers 1 for the VM, which is on, and what to do; empty where it does not.
Result<std::string> why_unusable(Session& session, const VirtualMachine& machine);

/// It runs or is paused: it has a guest.
bool is_on(const VirtualMachine& machine);

}  // namespace vmms::cli
