// vmms copy: files and directories into guests and out of them, through the connection to the server.
#include "cli/copy.hpp"

#include "base/file_root.hpp"
#include "cli/guest.hpp"
#include "cli/interrupts.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "cli/transfer.hpp"
#include "cli/tree.hpp"

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace vmms::cli {

namespace {

namespace fs = std::filesystem;

std::string absolute(const std::string& path) {
  std::error_code problem;
  return fs::absolute(path, problem).lexically_normal();
}

/// The last name of a path, also of one that ends with a slash; empty for the root.
std::string last_name(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path.substr(path.rfind('/') + 1);
}

std::string join(const std::string& directory, const std::string& path) {
  if (path.empty()) return directory;
  return directory.ends_with('/') ? directory + path : directory + "/" + path;
}

/// One command: the files of one VM.
class Copy {
 public:
  Copy(Session& session, const CopyOptions& options, VirtualMachine machine)
      : session_(session),
        options_(options),
        machine_(std::move(machine)),
        progress_(session.console()),
        transfers_(session, machine_, progress_) {}

  Result<int> run(const std::function<Status()>& work) {
    const Interrupts interrupts;
    const Status done = work();
    Console& console = session_.console();
    console.progress({});
    for (const std::string& path : left_out_) {
      if (console.json)
        console.print(boost::json::value(boost::json::object{{"event", "left_out"}, {"path", path}}));
      else
        console.note(fmt::format("vmms: left out, since it is neither a file nor a directory: {}", printable(path)));
    }
    if (!done && may_be_missing_ && !transfers_.begun() && names_no_file(session_, machine_, done.error()))
      return done.error();
    CopyEnd end{done.has_value(), transfers_.interrupted(), transfers_.job(), 0, {}};
    if (!done) {
      end.error = done.error().message;
      if (const auto job = job_of_last())
        end.error_code = static_cast<std::uint32_t>(job->number("ErrorCode").value_or(0));
    }
    return tell_copy(console, machine_, progress_, progress_.bytes(), end);
  }

  Status into(const std::string& target) {
    const std::vector<std::string> sources = options_.sources();
    std::vector<std::optional<Tree>> trees;
    for (const std::string& source : sources) {
      std::error_code problem;
      trees.emplace_back();
      if (fs::is_directory(source, problem)) {
        if (!options_.recursive) return needs_recursion(source);
        auto tree = local_tree(absolute(source));
        if (!tree) return tree.error();
        for (const TreeEntry& entry : tree->entries) progress_.expect(entry.size);
        trees.back() = *std::move(tree);
      } else {
        const auto size = fs::file_size(source, problem);
        if (!problem) progress_.expect(size);
      }
    }
    std::string destination = target;
    if (sources.size() > 1 && !destination.ends_with('/')) destination += '/';
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const std::string path = absolute(sources[i]);
      const Status done =
          trees[i] ? send_tree(path, destination, *trees[i]) : send(path, destination, options_.create_path);
      if (!done) return done;
    }
    return {};
  }

  Status out(const std::vector<GuestPath>& sources, const std::string& target) {
    may_be_missing_ = true;
    std::string destination = absolute(target);
    const bool directory = sources.size() > 1 || target.ends_with('/') || fs::is_directory(destination);
    if (directory && !destination.ends_with('/')) destination += '/';
    for (const GuestPath& source : sources) {
      const Status done = options_.recursive && is_directory(source.path) ? receive_tree(source.path, destination)
                                                                          : receive(source.path, destination);
      if (done) continue;
      // Asked only now: copies of files do not wait for it.
      const bool may_be_directory = !options_.recursive && done.error().kind == Failure::invalid_argument;
      if (may_be_directory && type_of(source.path) == FileType::directory)
        return needs_recursion(machine_.name + ":" + source.path);
      return done;
    }
    return {};
  }

 private:
  Result<wsman::Record> job_of_last() const {
    if (transfers_.job().empty()) return error(Failure::not_found, "there is no job");
    cim::ObjectPath path;
    path.namespace_name = wsman::default_namespace;
    path.class_name = "Msvm_ConcreteJob";
    path.keys = {{"InstanceID", transfers_.job()}};
    return session_.client().get(path);
  }

  static Error needs_recursion(const std::string& path) {
    return error(Failure::invalid_argument, fmt::format("{} is a directory: to copy it, add -r", printable(path)));
  }

  // Of a link, what it leads to, as here.
  std::optional<FileType> type_of(const std::string& path) const {
    const auto told = session_.client().invoke(out_of_guest(machine_), "GetFileInformation", {{"Path", path}});
    const auto file = told ? read_guest_file(told->outputs.text("File")) : std::nullopt;
    if (file && file->type == FileType::symbolic_link && !path.ends_with('/')) return type_of(path + '/');
    return file ? std::optional(file->type) : std::nullopt;
  }

  bool is_directory(const std::string& path) const {
    return path.ends_with('/') || type_of(path) == FileType::directory;
  }

  static Status check_interrupt() {
    if (Interrupts::happened()) return error(Failure::invalid_state, "the copy was cancelled");
    return {};
  }

  Status send(const std::string& path, const std::string& destination, bool create_path) {
    const auto source = SourceFile::open(path);
    if (!source) return source.error();
    return transfers_.send(*source, {destination, options_.overwrite, create_path});
  }

  Status make_guest_directory(const std::string& path, std::uint32_t permissions) {
    const auto made = session_.client().invoke(out_of_guest(machine_), "MakeDirectory",
                                               {{"Path", path}, {"Permissions", std::to_string(permissions)}});
    if (!made) return made.error();
    progress_.sign_of_life();
    return check_interrupt();
  }

  Status send_tree(const std::string& directory, const std::string& destination, const Tree& tree) {
    for (const std::string& path : tree.left_out) left_out_.push_back(join(directory, path));
    std::string top = destination;
    while (top.size() > 1 && top.ends_with('/')) top.pop_back();
    if (options_.create_path)
      for (std::size_t slash = top.find('/', 1); slash != std::string::npos; slash = top.find('/', slash + 1))
        if (const Status made = make_guest_directory(top.substr(0, slash), 0755); !made) return made;
    const std::string name = last_name(directory);
    if ((destination.ends_with('/') || is_directory(destination)) && !name.empty()) {
      if (options_.create_path)
        if (const Status made = make_guest_directory(top, 0755); !made) return made;
      top = join(top, name);
    }
    for (const TreeEntry& entry : tree.entries) {
      const Status done = entry.directory ? make_guest_directory(join(top, entry.path), entry.permissions)
                                          : send(join(directory, entry.path), join(top, entry.path), false);
      if (!done) return done;
    }
    return {};
  }

  Status receive(const std::string& path, const std::string& destination) {
    return transfers_.receive(path, [&] {
      return TargetFile::create(destination, last_name(path), options_.overwrite, options_.create_path);
    });
  }

  Status receive_tree(const std::string& path, const std::string& destination) {
    const auto tree = guest_tree(session_, machine_, path);
    if (!tree) return tree.error();
    may_be_missing_ = false;
    for (const std::string& name : tree->left_out) left_out_.push_back(machine_.name + ":" + join(path, name));
    for (const TreeEntry& entry : tree->entries) progress_.expect(entry.size);
    // Into a directory that is there it goes under its own name; else it becomes that directory.
    std::string top = last_name(path);
    std::string folder = destination;
    if (!destination.ends_with('/')) {
      top = last_name(destination);
      folder = destination.substr(0, destination.size() - top.size());
    }
    if (!top.empty() && !is_file_name(top))
      return error(Failure::invalid_argument, fmt::format("\"{}\" is not the name of a directory", printable(top)));
    std::error_code problem;
    if (options_.create_path) fs::create_directories(folder, problem);
    // From here on the guest chooses the names: nothing of them leads out of the folder.
    const auto root = FileRoot::open(folder, FilePlace::here);
    if (!root) return root.error();
    constexpr std::uint32_t own = 0700;  // so that what is in it can be written
    for (const TreeEntry& entry : tree->entries) {
      const std::string name = top.empty() ? entry.path : entry.path.empty() ? top : top + "/" + entry.path;
      Status done = check_interrupt();
      if (!done) return done;
      if (entry.directory)
        done = name.empty() ? Status() : root->make_directory(name, entry.permissions | own);
      else
        done = transfers_.receive(join(path, entry.path),
                                  [&] { return root->target(name, last_name(name), options_.overwrite, false); });
      if (!done) return done;
    }
    return {};
  }

  Session& session_;
  const CopyOptions& options_;
  const VirtualMachine machine_;
  Progress progress_;
  Transfers transfers_;
  bool may_be_missing_ = false;  ///< what VM:PATH names, which has not been found yet
  std::vector<std::string> left_out_;
};

Result<int> copy(Session& session, const CopyOptions& options) {
  if (options.paths.size() > most_files + 1)
    return error(Failure::invalid_argument,
                 fmt::format("one copy takes {} files at most; with -r a directory counts once", most_files));
  const bool from_guest = names_guest(options.paths.front());
  if (from_guest == names_guest(options.target()))
    return error(Failure::invalid_argument,
                 from_guest ? "files are not copied from guest to guest: copy them to this machine first (a file of "
                              "this machine with a colon in its name is written ./NAME)"
                            : "neither side names a guest: write VM:PATH for files of a VM");
  if (options.on_server) return copy_on_server(session, options, from_guest);
  if (from_guest) {
    const auto sources = guest_sources(session, options);
    if (!sources) return sources.error();
    Copy copy(session, options, sources->front().machine);
    return copy.run([&] { return copy.out(*sources, options.target()); });
  }
  const auto target = find_guest_path(session, options.target());
  if (!target) return target.error();
  Copy copy(session, options, target->machine);
  return copy.run([&] { return copy.into(target->path); });
}

}  // namespace

Result<std::vector<GuestPath>> guest_sources(Session& session, const CopyOptions& options) {
  std::vector<GuestPath> sources;
  for (const std::string& text : options.sources()) {
    auto source = find_guest_path(session, text);
    if (!source) return source.error();
    if (!sources.empty() && sources.front().machine.id != source->machine.id)
      return error(Failure::invalid_argument, "one copy takes the files of one VM");
    sources.push_back(*std::move(source));
  }
  return sources;
}

bool names_no_file(Session& session, const VirtualMachine& machine, const Error& why) {
  if (why.kind != Failure::not_found) return false;
  const auto reach = guest_reach(session, machine);
  return reach && (reach->contact == Contact::ok || reach->contact == Contact::degraded);
}

int tell_copy(const Console& console, const VirtualMachine& machine, const Progress& progress,
              std::optional<std::uint64_t> bytes, const CopyEnd& end) {
  const double seconds = progress.seconds();
  if (console.json) {
    console.print(boost::json::value(boost::json::object{{"event", end.succeeded   ? "completed"
                                                                   : end.cancelled ? "cancelled"
                                                                                   : "failed"},
                                                         {"vm", machine.name},
                                                         {"id", machine.id},
                                                         {"job", end.job},
                                                         {"bytes", bytes ? boost::json::value(*bytes) : nullptr},
                                                         {"seconds", seconds},
                                                         {"error_code", end.error_code},
                                                         {"error", end.error}}));
  } else if (end.succeeded && !bytes) {
    console.print(fmt::format("copied in {:.1f} s\n", seconds));
  } else if (end.succeeded) {
    const auto moved = static_cast<double>(*bytes);
    console.print(fmt::format("{} copied in {:.1f} s ({}/s)\n", size_text(moved), seconds,
                              size_text(moved / std::max(seconds, 0.001))));
  } else {
    console.note(end.cancelled ? std::string("vmms: the copy was cancelled; nothing of the file is left")
                               : fmt::format("vmms: {}", printable(end.error, true)));
  }
  return end.succeeded ? exit_success : exit_refused;
}

void add_copy(CLI::App& app, Program& program) {
  auto options = std::make_shared<CopyOptions>();
  CLI::App* command = app.add_subcommand("copy", "Copy files into a guest or out of it, through the connection");
  command
      ->add_option("PATH", options->paths,
                   "what is copied, then where it goes; VM:PATH names a file or directory in a guest, with $VARIABLES "
                   "of it, every other path one of this machine")
      ->required()
      ->expected(2, CLI::detail::expected_max_vector_size)
      ->type_name("");
  command->add_flag("--overwrite", options->overwrite, "replace files that are there");
  command->add_flag("--create-path", options->create_path, "make directories that are missing");
  command->add_flag("-r,--recursive", options->recursive,
                    "copy directories with all that is in them; symbolic links, devices and pipes are named and left "
                    "out");
  command->add_flag("--on-server", options->on_server,
                    "paths are those of the machine where vmmsd runs, in folders that its administrator allows "
                    "(vmmsd --copy-read, --copy-write)");
  command->footer(
      R"(Files travel through the connection to the server, and are read and written here with your rights. A file appears
under its name when all of it has arrived, or not at all. Ctrl-C cancels. A copy that stands still for --timeout seconds
is ended; without --timeout that is a minute, and in the last step, in which the guest writes to its disk, a second more
for each MiB. With --json, a line an event: progress, left_out, then completed, failed or cancelled.

Exit status: 0 everything was copied (but what -r leaves out and names); 1 a file was not, and why is said; 2 there is no such server, VM or VM:FILE, or the
command line makes no sense.

A VM's name may have colons: of VM:PATH the longest beginning that is a VM counts. For a file of this machine with a colon
in its name write ./a:b; for a VM whose name begins with a dash write -- before the paths.

Examples:
  vmms copy backup.tar.gz demo:/var/tmp/
  vmms copy --overwrite --create-path nginx.conf site.conf demo:/etc/nginx/
  vmms copy -r site demo:/var/www/
  vmms copy demo:/var/log/syslog .)");
  run_online(*command, program, [options](Session& session) { return copy(session, *options); });
}

}  // namespace vmms::cli
