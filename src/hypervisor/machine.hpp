// Facet of a host: the machine that its virtual machines run on.
#pragma once

#include "base/result.hpp"
#include "hypervisor/system_time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace vmms::hypervisor {

struct HostInformation {
  std::string name;        ///< short host name
  std::string hypervisor;  ///< "QEMU 7.2.17 (libvirt 9.0.0, qemu:///embed…)"
  std::uint32_t processors = 0;
  std::uint32_t numa_nodes = 1;
  std::uint64_t memory_bytes = 0;

  // The machine as its firmware describes it, and what runs on it. Empty or 0 where nobody says.
  std::string uuid;  ///< upper-case GUID, as SMBIOS 2.6 and Windows spell it
  std::string manufacturer;
  std::string model;
  std::string serial_number;
  std::string machine_version;
  std::string processor_model;
  std::uint32_t processor_megahertz = 0;
  std::uint32_t sockets = 1;
  std::uint32_t cores = 1;               ///< of a socket
  std::uint32_t threads = 1;             ///< of a core
  std::string architecture;              ///< "x86_64"
  std::string operating_system;          ///< "Debian GNU/Linux 12 (bookworm)"
  std::string operating_system_version;  ///< of its kernel, "6.1.0"
  std::optional<SystemTime> booted;

  bool this_machine = false;  ///< it is the machine that this process runs on
  bool vsock = false;         ///< guests may be reached through vsock: the host has vhost-vsock
};

using HostInformationPtr = std::shared_ptr<const HostInformation>;

class HostMachine {
 public:
  virtual ~HostMachine() = default;

  /// As it is known now; immutable, a change replaces the record.
  virtual HostInformationPtr information() const = 0;

  /// Memory that is free now; nullopt when the hypervisor does not say. May wait for it.
  virtual std::optional<std::uint64_t> free_memory_bytes() const = 0;

  /// Why the list of VMs may be incomplete or old: the connection to the hypervisor is lost. Nothing when all is well.
  virtual Status health() const = 0;
};

}  // namespace vmms::hypervisor
