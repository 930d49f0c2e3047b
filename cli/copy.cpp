// vmms copy: files into guests and out of them.
#include "cli/guest.hpp"
#include "cli/guest_file.hpp"
#include "cli/job.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "wire/xml/writer.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vmms::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t job_started = 4096;

struct CopyOptions {
  std::vector<std::string> paths;
  bool overwrite = false;
  bool create_path = false;
};

std::string setting(std::string_view class_name, const std::string& source, const std::string& destination,
                    const CopyOptions& options) {
  std::string text;
  wire::xml::Writer writer(text);
  const auto property = [&](std::string_view name, std::string_view type, std::string_view value) {
    writer.start("PROPERTY").attribute("NAME", name).attribute("TYPE", type).element("VALUE", value).end();
  };
  writer.start("INSTANCE").attribute("CLASSNAME", class_name);
  property("SourcePath", "string", source);
  property("DestinationPath", "string", destination);
  property("OverwriteExisting", "boolean", options.overwrite ? "TRUE" : "FALSE");
  property("CreateFullPath", "boolean", options.create_path ? "TRUE" : "FALSE");
  writer.end();
  return text;
}

/// What the job's percentage means in bytes and time.
class Progress {
 public:
  Progress(const Console& console, std::uint64_t bytes) : console_(console), bytes_(bytes) {}

  void show(const JobState& state) {
    if (state.ended() || state.percent == shown_) return;
    shown_ = state.percent;
    const double seconds = std::chrono::duration<double>(Clock::now() - begun_).count();
    const double done = static_cast<double>(bytes_) * static_cast<double>(state.percent) / 100;
    const double rate = seconds > 0 ? done / seconds : 0;
    const double left = rate > 0 ? (static_cast<double>(bytes_) - done) / rate : 0;
    if (console_.json) {
      console_.print(boost::json::value(boost::json::object{{"event", "progress"},
                                                            {"percent", state.percent},
                                                            {"bytes", static_cast<std::uint64_t>(done)},
                                                            {"bytes_per_second", static_cast<std::uint64_t>(rate)},
                                                            {"remaining_seconds", static_cast<std::uint64_t>(left)}}));
      console_.out.flush();  // who reads events waits for them
      return;
    }
    constexpr std::size_t width = 30;
    const std::size_t filled = state.percent * width / 100;
    console_.progress(fmt::format("[{}{}] {:3} % of {}, {}/s, {:.0f} s left", std::string(filled, '='),
                                  std::string(width - filled, ' '), state.percent,
                                  size_text(static_cast<double>(bytes_)), size_text(rate), left));
  }

  double seconds() const { return std::chrono::duration<double>(Clock::now() - begun_).count(); }

 private:
  const Console& console_;
  const std::uint64_t bytes_;
  const Clock::time_point begun_ = Clock::now();
  std::uint64_t shown_ = 101;
};

/// Why a copy was refused before it began: what the VM says of itself.
std::string why_refused(Session& session, const VirtualMachine& machine, std::uint32_t code) {
  const std::string guest = fmt::format("VM '{}'", machine.name);
  if (machine.state != State::running) return fmt::format("{} is {}", guest, state_name(machine.state));
  if (const auto interface = interface_enabled(session, machine); interface && !*interface)
    return fmt::format("the Guest Service Interface of {} is off; enable it with: vmms guest enable {}", guest,
                       shell_word(machine.name));
  std::string text = code == 32773 ? "a path cannot be used" : "see the server's log";
  if (const auto component = session.client().get(interface_component(machine)))
    if (const auto lines = component->texts("StatusDescriptions"); !lines.empty())
      text += fmt::format("; contact with its guest: {}", lines.front());
  return text;
}

Result<int> run_copy(Session& session, const VirtualMachine& machine, const cim::ObjectPath& service,
                     std::string_view method, const std::vector<wsman::Input>& inputs, std::uint64_t bytes) {
  Console& console = session.console();
  const auto outcome = session.client().invoke(service, method, inputs);
  if (!outcome) return outcome.error();
  const std::uint32_t code = static_cast<std::uint32_t>(std::stoul("0" + outcome->return_value));
  const wsman::Field* job = outcome->outputs.find("Job");
  if (code != job_started || !job || !job->reference) {
    Completion completion;
    completion.method = method;
    completion.return_value = code;
    completion.explanation = why_refused(session, machine, code);
    return finish(console, completion, {{"vm", machine.name}, {"id", machine.id}}, {});
  }
  Progress progress(console, bytes);
  const auto ended = watch_job(session, *job->reference, [&](const JobState& state) { progress.show(state); });
  console.progress({});
  if (!ended) return ended.error();
  if (console.json) {
    console.print(boost::json::value(boost::json::object{{"event", ended->succeeded()   ? "completed"
                                                                   : ended->cancelled() ? "cancelled"
                                                                                        : "failed"},
                                                         {"vm", machine.name},
                                                         {"id", machine.id},
                                                         {"job", job->reference->value("InstanceID")},
                                                         {"bytes", bytes},
                                                         {"seconds", progress.seconds()},
                                                         {"error_code", ended->error_code},
                                                         {"error", ended->error_text}}));
  } else if (ended->succeeded()) {
    const double rate = static_cast<double>(bytes) / std::max(progress.seconds(), 0.001);
    console.print(fmt::format("{} copied in {:.1f} s ({}/s)\n", size_text(static_cast<double>(bytes)),
                              progress.seconds(), size_text(rate)));
  } else {
    console.note(ended->cancelled() ? std::string("vmms: the copy was cancelled; nothing of the file is left")
                                    : fmt::format("vmms: {}", printable(ended->error_text, true)));
  }
  return ended->succeeded() ? exit_success : exit_refused;
}

Result<int> copy_into(Session& session, const CopyOptions& options, const GuestPath& target) {
  const auto machine = session.find_virtual_machine(target.machine);
  if (!machine) return machine.error();
  std::vector<wsman::Input> inputs;
  std::uint64_t bytes = 0;
  // Several files can only go into a directory.
  std::string destination = target.path;
  const bool several = options.paths.size() > 2;
  if (several && !destination.ends_with('/')) destination += '/';
  for (std::size_t i = 0; i + 1 < options.paths.size(); ++i) {
    std::error_code problem;
    const auto path = std::filesystem::absolute(options.paths[i], problem);
    // The server may be another machine, with files that are not here.
    const auto size = std::filesystem::file_size(path, problem);
    if (!problem) bytes += size;
    inputs.push_back({"CopyFileToGuestSettings",
                      setting("Msvm_CopyFileToGuestSettingData", path.lexically_normal(), destination, options)});
  }
  return run_copy(session, *machine, into_guest(*machine), "CopyFilesToGuest", inputs, bytes);
}

Result<int> copy_out(Session& session, const CopyOptions& options, const std::string& target) {
  std::optional<VirtualMachine> machine;
  std::vector<wsman::Input> inputs;
  std::uint64_t bytes = 0;
  std::error_code problem;
  std::string destination = std::filesystem::absolute(target, problem).lexically_normal();
  if (options.paths.size() > 2 && !destination.ends_with('/')) destination += '/';
  for (std::size_t i = 0; i + 1 < options.paths.size(); ++i) {
    const auto source = needed_guest_path(options.paths[i]);
    if (!source) return source.error();
    const auto found = session.find_virtual_machine(source->machine);
    if (!found) return found.error();
    if (machine && machine->id != found->id)
      return error(Failure::invalid_argument, "one copy takes the files of one VM");
    machine = *found;
    const auto file = session.client().invoke(out_of_guest(*machine), "GetFileInformation", {{"Path", source->path}});
    if (!file) return file.error();
    if (const auto size = read_guest_file(file->outputs.text("File"))) bytes += size->size;
    inputs.push_back({"CopyFileFromGuestSettings",
                      setting("Vmms_CopyFileFromGuestSettingData", source->path, destination, options)});
  }
  return run_copy(session, *machine, out_of_guest(*machine), "CopyFilesFromGuest", inputs, bytes);
}

Result<int> copy(Session& session, const CopyOptions& options) {
  const std::string& target = options.paths.back();
  const bool from_guest = guest_path(options.paths.front()).has_value();
  const auto into = guest_path(target);
  if (from_guest == into.has_value())
    return error(Failure::invalid_argument,
                 from_guest ? "files are not copied from guest to guest: copy them to the host first"
                            : "neither side names a guest: write VM:PATH for files of a VM");
  return from_guest ? copy_out(session, options, target) : copy_into(session, options, *into);
}

}  // namespace

void add_copy(CLI::App& app, Program& program) {
  auto options = std::make_shared<CopyOptions>();
  CLI::App* command = app.add_subcommand("copy", "Copy files into a guest (CopyFilesToGuest) or out of it");
  command
      ->add_option("PATH", options->paths,
                   "the files, then where they go; VM:PATH names a file or directory in a guest, with $VARIABLES of it")
      ->required()
      ->expected(2, 1001)
      ->type_name("");
  command->add_flag("--overwrite", options->overwrite, "replace files that are there");
  command->add_flag("--create-path", options->create_path, "make directories that are missing");
  command->footer(
      R"(The server copies: paths that are no guest's are those of the machine where vmmsd runs. A file appears under its name
when all of it has arrived, or not at all. Ctrl-C cancels. With --json, a line an event: progress, then completed,
failed or cancelled.

Examples:
  vmms copy backup.tar.gz demo:/var/tmp/
  vmms copy --overwrite --create-path nginx.conf site.conf demo:/etc/nginx/
  vmms copy demo:/var/log/syslog .)");
  run_online(*command, program, [options](Session& session) { return copy(session, *options); });
}

}  // namespace vmms::cli
