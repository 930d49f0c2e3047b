#include "providers/files/file_copies.hpp"

#include "base/host_files.hpp"
#include "base/shortened.hpp"
#include "base/text.hpp"
#include "guest/agent/printable.hpp"
#include "providers/files/copy_run.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace vmms::providers {

namespace {

using cim::job::Control;
using hypervisor::PowerState;
using hypervisor::VirtualMachine;

constexpr std::size_t most_files = 1000;  // of a job
constexpr std::size_t most_path = 4096;
// ASCII's separators: no path of a setting has a control character.
constexpr char unit_separator = '\x1F';
constexpr char record_separator = '\x1E';

std::string take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  std::string part(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

}  // namespace

bool usable_path(const std::string& path) {
  return !path.empty() && path.size() <= most_path &&
         std::none_of(path.begin(), path.end(), [](unsigned char byte) { return byte < 0x20 || byte == 0x7F; });
}

namespace {

bool flag(const cim::Value& value) {
  const bool* set = value.get_if<bool>();
  return set != nullptr && *set;
}

/// One job: files one after the other, between the guest and the files of this host that its administrator allows.
class CopyJob {
 public:
  CopyJob(const Environment& environment, CopyDirection direction, CopyDetail detail, Control& control)
      : files_(environment.configuration.host_files),
        direction_(direction),
        detail_(std::move(detail)),
        run_(environment, direction, detail_.machine_id, detail_.machine_name, control) {}

  Status run() {
    return run_.run([this](const guest::Guest& guest, guest::FileCopy& copy) {
      return direction_ == CopyDirection::to_guest ? to_guest(copy) : from_guest(guest, copy);
    });
  }

 private:
  // What cannot be copied is found before anything is copied; the total size shows in the progress.
  Status to_guest(guest::FileCopy& copy) {
    for (const CopySetting& setting : detail_.settings) {
      const auto source = files_->source(setting.source);
      if (!source) return source.error();
      run_.expect(source->data_bytes());
    }
    for (const CopySetting& setting : detail_.settings) {
      const auto source = files_->source(setting.source);
      if (!source) return source.error();
      const auto copied = copy.to_guest(*source, {setting.destination, setting.overwrite, setting.create_path});
      if (!copied) return copied.error();
    }
    return {};
  }

  Status from_guest(const guest::Guest& guest, guest::FileCopy& copy) {
    const auto soon = guest::Clock::now() + std::chrono::seconds(60);
    std::vector<guest::FileInformation> found;
    for (const CopySetting& setting : detail_.settings) {
      if (const auto target = target_of(setting); !target) return target.error();
      const auto file = guest.files().describe_content(setting.source, soon);
      if (!file) return guest::without_shell(guest.known_capabilities(), file.error());
      run_.expect(file->size);
      found.push_back(*file);
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
      const CopySetting& setting = detail_.settings[i];
      auto target = target_of(setting);
      if (!target) return target.error();
      if (const Status copied = copy.from_guest(setting.source, found[i], *target); !copied) return copied;
    }
    return {};
  }

  Result<TargetFile> target_of(const CopySetting& setting) const {
    const std::string name = setting.source.substr(setting.source.rfind('/') + 1);
    return files_->target(setting.destination, name, setting.overwrite, setting.create_path);
  }

  const std::shared_ptr<const HostFiles> files_;
  const CopyDirection direction_;
  const CopyDetail detail_;
  CopyRun run_;
};

}  // namespace

Error file_service_stopped(const VirtualMachine& machine) {
  return error(Failure::invalid_state, fmt::format("its Guest File Service is stopped; start it with: vmms invoke "
                                                   "'Msvm_GuestFileService.SystemName=\"{}\"' StartService",
                                                   machine.id));
}

/// Why the state of the VM allows no copies, for the return value.
Status check_copies(const Environment& environment, const cim::Context& context, const VirtualMachine& machine) {
  if (!interface_enabled(environment, machine))
    return error(
        Failure::invalid_state,
        fmt::format("its Guest Service Interface is off; enable it with: vmms guest enable {}", command_word(machine)));
  if (!is_on(machine.settings, &hypervisor::Settings::guest_file_service)) return file_service_stopped(machine);
  if (machine.power == PowerState::paused)
    return error(Failure::invalid_state,
                 fmt::format("it is paused; resume it with: vmms vm start {}", command_word(machine)));
  if (!machine.agent_connected)
    return error(
        Failure::not_found,
        "no agent is connected; the guest is starting, or qemu-guest-agent is not installed or not running in it");
  const auto guest = environment.guests.find(machine.id);
  if (!guest) return error(Failure::not_found, "it is gone");
  const auto capabilities = guest->capabilities(guest_deadline(context));
  if (!capabilities) return capabilities.error();
  if (!capabilities->can_write_files)
    return error(Failure::not_supported, fmt::format("its agent forbids {}; what to do: vmms doctor {}",
                                                     capabilities->forbidden, command_word(machine)));
  return {};
}

std::string CopyDetail::to_text() const {
  std::string text = machine_id + unit_separator + machine_name;
  for (const CopySetting& setting : settings) {
    text += record_separator;
    text += setting.source + unit_separator + setting.destination + unit_separator;
    text += setting.overwrite ? '1' : '0';
    text += setting.create_path ? '1' : '0';
  }
  return text;
}

CopyDetail CopyDetail::from_text(std::string_view text) {
  CopyDetail detail;
  std::string head = take(text, record_separator);
  std::string_view rest = head;
  detail.machine_id = take(rest, unit_separator);
  detail.machine_name = rest;
  while (!text.empty()) {
    const std::string record = take(text, record_separator);
    rest = record;
    CopySetting& setting = detail.settings.emplace_back();
    setting.source = take(rest, unit_separator);
    setting.destination = take(rest, unit_separator);
    setting.overwrite = rest.starts_with('1');
    setting.create_path = rest.ends_with('1');
  }
  return detail;
}

Result<std::vector<CopySetting>> read_copy_settings(const std::optional<std::vector<cim::InstancePtr>>& settings) {
  if (!settings || settings->empty()) return error(Failure::invalid_argument, "there is no file to copy");
  if (settings->size() > most_files)
    return error(Failure::invalid_argument, fmt::format("there are more than {} files to copy", most_files));
  std::vector<CopySetting> result;
  for (const cim::InstancePtr& instance : *settings) {
    if (!instance) return error(Failure::invalid_argument, "one of the files to copy is NULL");
    CopySetting& setting = result.emplace_back();
    const auto text = [&](const char* property) {
      const std::string* value = (*instance)[property].get_if<std::string>();
      return value ? *value : std::string();
    };
    setting.source = text("SourcePath");
    setting.destination = text("DestinationPath");
    setting.overwrite = flag((*instance)["OverwriteExisting"]);
    setting.create_path = flag((*instance)["CreateFullPath"]);
    if (!usable_path(setting.source) || !usable_path(setting.destination))
      return error(
          Failure::invalid_argument,
          fmt::format("SourcePath \"{:.300}\" or DestinationPath \"{:.300}\" is missing, longer than {} bytes, "
                      "or has a control character",
                      guest::printable(setting.source, 300), guest::printable(setting.destination, 300), most_path));
  }
  return result;
}

Result<CopyAnswer> start_copies(Environment& environment, const cim::Context& context, std::string_view machine_id,
                                CopyDirection direction, std::string_view job_class,
                                const Result<std::vector<CopySetting>>& settings) {
  const auto machine = find_active_machine(environment, machine_id);
  if (!machine) return machine.error();
  using Code = schema::msvm::GuestFileService::CopyFilesToGuest::Code;
  const auto refused = [&](const Error& why) {
    spdlog::info("{} of virtual machine '{}': {}, {}", job_class, (*machine)->name, cim::job::error_code(why.kind),
                 one_line(why.message, 1000));
    return CopyAnswer{Code{cim::job::error_code(why.kind)}, {}};
  };
  if (!settings) return refused(settings.error());
  if (const Status possible = check_copies(environment, context, **machine); !possible)
    return refused(possible.error());
  cim::job::Description description;
  description.caption = direction == CopyDirection::to_guest ? "Copying Files To Guest" : "Copying Files From Guest";
  description.owner = context.principal->id();
  description.account = context.account;
  description.affected = computer_system_path((*machine)->id).to_string();
  description.class_name = job_class;
  CopyDetail detail{(*machine)->id, (*machine)->name, *settings};
  description.detail = detail.to_text();
  description.cancellable = true;
  description.lengthy = true;
  const auto job = environment.jobs.start(std::move(description), (*machine)->id,
                                          [&environment, direction, detail = std::move(detail)](Control& control) {
                                            return CopyJob(environment, direction, detail, control).run();
                                          });
  if (!job) return refused(job.error());
  return CopyAnswer{Code::method_parameters_checked_job_started, job_path(*job)};
}

}  // namespace vmms::providers
