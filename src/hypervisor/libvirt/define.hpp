// Defining a domain from a file, for the demonstration and tests: nothing that a client can ask for.
#pragma once

#include "base/result.hpp"
#include "hypervisor/libvirt/accelerator.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace vmms::hypervisor::libvirt {

/// Defines the domain of `xml` at `uri` and returns its id (an upper-case GUID). With the embedded driver this process
/// itself must do it; before `connect`, so that the domain is in the first list.
///
/// Defined again (with the same <uuid>, or the same <name> where there is no <uuid>), it stays the same VM: a
/// definition that is not active is replaced, its <metadata> (our settings) kept where `xml` says nothing else; one
/// that is active is left alone.
///
/// `<domain type='vmms:auto'>` stands for the better of KVM and TCG here, chosen by `choose`; on KVM <features><tcg> is
/// left out. Errors: invalid_argument (the XML), those of libvirt.
Result<std::string> define_domain(const std::string& uri, std::string_view xml,
                                  const std::function<Accelerator()>& choose = choose_accelerator);

/// The XML that `define_domain` gives to libvirt; `existing` is that of the current definition, empty when there is
/// none.
Result<std::string> prepare_definition(std::string_view xml, std::string_view existing,
                                       const std::function<Accelerator()>& choose);

}  // namespace vmms::hypervisor::libvirt
