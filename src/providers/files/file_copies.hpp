// Copies of files between the host and its guests: checks before, and the job.
#pragma once

#include "cim/instance.hpp"
#include "providers/files/transfer.hpp"
#include "providers/guest_services/guest_services.hpp"
#include "schema/Msvm_GuestFileService.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::providers {

/// One file to copy.
struct CopySetting {
  std::string source;
  std::string destination;
  bool overwrite = false;
  bool create_path = false;
};

/// What a copy job stores of itself (cim::job::Description::detail).
struct CopyDetail {
  std::string machine_id;
  std::string machine_name;
  std::vector<CopySetting> settings;

  std::string to_text() const;
  static CopyDetail from_text(std::string_view text);
};

/// The documented return value, and the job when it is 4096.
struct CopyAnswer {
  schema::msvm::GuestFileService::CopyFilesToGuest::Code return_value{};
  std::optional<cim::ObjectPath> job;
};

/// Neither empty nor too long, and without control characters.
bool usable_path(const std::string& path);

/// The text for a service that an administrator stopped, perhaps not the caller: names the call that starts it.
Error file_service_stopped(const hypervisor::VirtualMachine& machine);

/// Whether the state of the VM allows copies; asks what its agent allows. Errors: those of the return value.
Status check_copies(const Environment& environment, const cim::Context& context,
                    const hypervisor::VirtualMachine& machine);

/// The copies that `settings` (instances of Msvm_CopyFileToGuestSettingData or its opposite) ask for.
/// Errors: invalid_argument.
Result<std::vector<CopySetting>> read_copy_settings(const std::optional<std::vector<cim::InstancePtr>>& settings);

/// Checks the VM, then starts a job of the class `job_class` for the settings. What the caller can see directly (the
/// arguments, the state of the VM, what its agent allows) is the return value, with the reason in the log; everything
/// else is the job's error. Errors: not_found (no such VM, or it is off).
Result<CopyAnswer> start_copies(Environment& environment, const cim::Context& context, std::string_view machine_id,
                                CopyDirection direction, std::string_view job_class,
                                const Result<std::vector<CopySetting>>& settings);

}  // namespace vmms::providers
