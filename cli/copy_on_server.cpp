// vmms copy --on-server: files between a guest and the machine where vmmsd runs, below the folders that it allows.
#include "cli/copy.hpp"
#include "cli/embedded.hpp"
#include "cli/guest.hpp"
#include "cli/job.hpp"
#include "cli/text.hpp"
#include "schema/Msvm_GuestFileService.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace vmms::cli {

namespace {

using Code = schema::msvm::GuestFileService::CopyFilesToGuest::Code;
constexpr std::size_t most_path = 4096;

std::string setting(std::string_view class_name, const std::string& source, const std::string& destination,
                    const CopyOptions& options) {
  return write_embedded(class_name, {{"SourcePath", "string", source},
                                     {"DestinationPath", "string", destination},
                                     {"OverwriteExisting", "boolean", options.overwrite ? "TRUE" : "FALSE"},
                                     {"CreateFullPath", "boolean", options.create_path ? "TRUE" : "FALSE"}});
}

/// Errors: invalid_argument, which names the path that the server would refuse.
Status check_paths(const CopyOptions& options) {
  for (const std::string& path : options.paths) {
    if (path.size() > most_path || printable(path) != path)
      return error(Failure::invalid_argument,
                   fmt::format("the path \"{:.300}\" is longer than {} bytes, or has a control character",
                               printable(path), most_path));
    if (!names_guest(path) && !path.starts_with('/'))
      return error(Failure::invalid_argument,
                   fmt::format("with --on-server \"{}\" must be an absolute path of the server's machine", path));
  }
  return {};
}

/// Why a copy was refused before it began: what the VM reports of itself.
std::string why_refused(Session& session, const VirtualMachine& machine, Code code) {
  const std::string guest = fmt::format("VM '{}'", machine.name);
  if (machine.state != State::running) return fmt::format("{} is {}", guest, state_name(machine.state));
  if (const auto interface = interface_enabled(session, machine); interface && !*interface)
    return fmt::format("the Guest Service Interface of {} is off; enable it with: vmms guest enable {}", guest,
                       machine.word());
  std::string text = code == Code::invalid_parameter ? "there are no files, or more than 1000" : "see the server's log";
  if (const auto reach = guest_reach(session, machine))
    text += fmt::format("; contact with its guest: {}", reach->text());
  return text;
}

/// A copy that did not begin.
int refuse(const Console& console, const VirtualMachine& machine, const std::string& why, std::uint32_t code = 0) {
  return tell_copy(console, machine, Progress(console), 0, {false, false, {}, code, why});
}

Result<int> run(Session& session, const VirtualMachine& machine, const cim::ObjectPath& service,
                std::string_view method, const std::vector<wsman::Input>& inputs, std::uint64_t bytes) {
  Console& console = session.console();
  const auto outcome = session.client().invoke(service, method, inputs);
  if (!outcome) return refuse(console, machine, outcome.error().message);
  const auto code = static_cast<Code>(std::stoul("0" + outcome->return_value));
  const wsman::Field* job = outcome->outputs.find("Job");
  if (code != Code::method_parameters_checked_job_started || !job || !job->reference) {
    Completion completion;
    completion.method = method;
    completion.return_value = static_cast<std::uint32_t>(code);
    completion.explanation = why_refused(session, machine, code);
    return refuse(console, machine, completion.text(), completion.return_value);
  }
  Progress progress(console);
  progress.expect(bytes);
  const auto ended = watch_copy(session, *job->reference, progress);
  console.progress({});
  if (!ended) return ended.error();
  // Only the server knows the sizes of its own files, and a kernel reports 0 for some files that are not empty.
  return tell_copy(console, machine, progress, bytes > 0 ? std::optional(bytes) : std::nullopt,
                   {ended->succeeded(), ended->cancelled(), std::string(job->reference->value("InstanceID")),
                    ended->error_code, ended->error_text});
}

}  // namespace

Result<int> copy_on_server(Session& session, const CopyOptions& options, bool from_guest) {
  if (options.recursive)
    return error(Failure::invalid_argument, "--on-server copies files, not directories: leave out -r or --on-server");
  if (const Status usable = check_paths(options); !usable) return usable.error();
  std::vector<wsman::Input> inputs;
  // Several files can only go into a directory.
  const auto into = [&](std::string destination) {
    if (options.paths.size() > 2 && !destination.ends_with('/')) destination += '/';
    return destination;
  };
  if (!from_guest) {
    const auto target = find_guest_path(session, options.target());
    if (!target) return target.error();
    for (const std::string& source : options.sources())
      inputs.push_back(
          {"CopyFileToGuestSettings", setting("Msvm_CopyFileToGuestSettingData", source, into(target->path), options)});
    return run(session, target->machine, into_guest(target->machine), "CopyFilesToGuest", inputs, 0);
  }
  const auto sources = guest_sources(session, options);
  if (!sources) return sources.error();
  const VirtualMachine& machine = sources->front().machine;
  std::uint64_t bytes = 0;
  for (const GuestPath& source : *sources) {
    const auto file = session.client().invoke(out_of_guest(machine), "GetFileInformation", {{"Path", source.path}});
    if (!file && names_no_file(session, machine, file.error())) return file.error();
    if (!file) return refuse(session.console(), machine, file.error().message);
    const auto known = read_guest_file(file->outputs.text("File"));
    if (known && known->type == FileType::directory)
      return refuse(
          session.console(), machine,
          fmt::format("{}:{} is a directory: to copy it, add -r and leave out --on-server", machine.name, source.path));
    if (known) bytes += known->size;
    inputs.push_back({"CopyFileFromGuestSettings",
                      setting("Vmms_CopyFileFromGuestSettingData", source.path, into(options.target()), options)});
  }
  return run(session, machine, out_of_guest(machine), "CopyFilesFromGuest", inputs, bytes);
}

}  // namespace vmms::cli
