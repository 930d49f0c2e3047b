// What we read from and write into libvirt's domain XML.
#pragma once

#include "base/result.hpp"
#include "hypervisor/machines.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::hypervisor::libvirt {

/// Our element in a domain's <metadata>, for instance
///   <vmms:settings xmlns:vmms="urn:vmms:domain:1"><vmms:heartbeat enabled="no"/></vmms:settings>
/// Its children are the `switches` of hypervisor/settings.hpp, <hostKeyValue name="" value="" hostOnly=""> and
/// <guestCommunicationService id="" policy="">. One that is missing means "never set". Children unknown to this version
/// are kept when it is written.
inline constexpr const char* settings_namespace = "urn:vmms:domain:1";
inline constexpr const char* settings_prefix = "vmms";
/// The prefix of every data port's alias: libvirt leaves aliases that begin with "ua-" to users.
inline constexpr std::string_view port_alias_prefix = "ua-vmms-";

struct DomainXml {
  std::string uuid;  ///< as written
  std::string name;
  std::string description;
  std::uint32_t processors = 1;
  std::uint64_t memory_bytes = 0;
  bool agent_channel = false;                  ///< a virtio channel org.qemu.guest_agent.0
  bool agent_connected = false;                ///< its state, of a running domain
  std::vector<std::string> port_aliases;       ///< channels with an alias of ours ("ua-vmms-…")
  std::optional<std::uint32_t> vsock_context;  ///< of its vsock device
  /// Our element without its namespace, in one line, as virDomainSetMetadata takes it; empty when there is none.
  std::string settings_element;
  Settings settings;
};

/// Reads a domain's XML. Errors: failed, when it is not one.
Result<DomainXml> parse_domain(std::string_view xml);

/// `settings_element` with the values of `settings`; everything else in it stays. Empty when it would have no content.
/// Errors: failed, when the element cannot be read.
Result<std::string> write_settings(std::string_view settings_element, const Settings& settings);

}  // namespace vmms::hypervisor::libvirt
