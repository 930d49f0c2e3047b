// vmms ls, rm: lists a directory of a guest, removes a file.
#include "cli/guest_file.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace vmms::cli {

namespace {

std::string mode_text(const GuestFile& file) {
  const auto kind = [&] {
    switch (file.type) {
      case FileType::file:
        return '-';
      case FileType::directory:
        return 'd';
      case FileType::symbolic_link:
        return 'l';
      default:
        return '?';
    }
  };
  std::string text(1, kind());
  for (int bit = 8; bit >= 0; --bit) text += (file.permissions >> bit & 1) != 0 ? "xwr"[bit % 3] : '-';
  const auto special = [&](unsigned bit, std::size_t at, char letter) {
    if ((file.permissions & bit) != 0) text[at] = text[at] == 'x' ? letter : static_cast<char>(letter - 'a' + 'A');
  };
  special(04000, 3, 's');
  special(02000, 6, 's');
  special(01000, 9, 't');
  return text;
}

// As all times in JSON are written; null: the guest does not say.
boost::json::value iso_time(const GuestFile& file) {
  if (!file.modified_seconds) return nullptr;
  std::string text = file.modified;  // "2026-11-22 23:15:00", UTC
  std::replace(text.begin(), text.end(), ' ', 'T');
  return boost::json::value(text + "Z");
}

const char* type_word(FileType type) {
  switch (type) {
    case FileType::file:
      return "file";
    case FileType::directory:
      return "directory";
    case FileType::symbolic_link:
      return "link";
    default:
      return "other";
  }
}

boost::json::object to_json(const GuestFile& file) {
  return {{"name", file.name},         {"type", type_word(file.type)},
          {"size", file.size},         {"permissions", fmt::format("{:04o}", file.permissions)},
          {"owner", file.owner},       {"group", file.group},
          {"modified", iso_time(file)}};
}

Result<int> list(Session& session, const std::string& text) {
  const auto path = find_guest_path(session, text);
  if (!path) return path.error();
  const cim::ObjectPath service = out_of_guest(path->machine);
  const auto one = session.client().invoke(service, "GetFileInformation", {{"Path", path->path}});
  if (!one) return one.error();
  std::vector<GuestFile> files;
  bool complete = true;
  const auto add = [&](std::string_view embedded) {
    if (auto file = read_guest_file(embedded)) files.push_back(*std::move(file));
  };
  add(one->outputs.text("File"));
  if (!files.empty() && files.front().type == FileType::directory) {
    const auto listing = session.client().invoke(service, "ListDirectory", {{"Path", path->path}});
    if (!listing) return listing.error();
    files.clear();
    for (const std::string_view embedded : listing->outputs.texts("Files")) add(embedded);
    complete = listing->outputs.is_true("Complete");
  }
  const Console& console = session.console();
  if (console.json) {
    boost::json::array array;
    for (const GuestFile& file : files) array.push_back(to_json(file));
    console.print(boost::json::value(std::move(array)));
  } else if (!files.empty()) {
    Table table({"MODE", "OWNER", "GROUP", "SIZE", "MODIFIED (UTC)", "NAME"});
    for (const GuestFile& file : files)
      table.add({mode_text(file), file.owner, file.group, std::to_string(file.size), file.modified, file.name});
    console.print(table.text());
  }
  if (complete) return exit_success;
  return incomplete(
      console, error(Failure::failed, fmt::format("{}:{} has more files than the guest could tell: not all are listed",
                                                  path->machine.name, path->path)));
}

Result<int> remove(Session& session, const std::vector<std::string>& texts) {
  std::vector<GuestPath> paths;
  for (const std::string& text : texts) {
    auto path = find_guest_path(session, text);
    if (!path) return path.error();
    paths.push_back(*std::move(path));
  }
  const Console& console = session.console();
  bool any = false;
  for (const GuestPath& path : paths) {
    const VirtualMachine& machine = path.machine;
    const auto removed = session.client().invoke(out_of_guest(machine), "RemoveFile", {{"Path", path.path}});
    if (!removed && !any) return removed.error();
    if (!removed) return incomplete(console, removed.error());
    any = true;
    if (console.json)
      console.print(boost::json::value(
          boost::json::object{{"vm", machine.name}, {"id", machine.id}, {"path", path.path}, {"removed", true}}));
  }
  return exit_success;
}

}  // namespace

void add_files(CLI::App& app, Program& program) {
  auto path = std::make_shared<std::string>();
  CLI::App* list_command = app.add_subcommand("ls", "List a directory of a guest (Vmms_GuestFileService)");
  list_command->add_option("PATH", *path, "VM:PATH: a directory or file of a guest, with $VARIABLES of it")
      ->required()
      ->type_name("");
  list_command->footer(
      "Exit status: 1 when there are more files than the guest could tell.\n\nExample:\n  vmms ls demo:/etc");
  run_online(*list_command, program, [path](Session& session) { return list(session, *path); });

  auto paths = std::make_shared<std::vector<std::string>>();
  CLI::App* remove_command = app.add_subcommand("rm", "Remove files or empty directories of a guest");
  remove_command->add_option("PATH", *paths, "VM:PATH: files or empty directories of guests")
      ->required()
      ->type_name("");
  remove_command->footer(
      "It ends at the first that cannot be removed. Exit status: 1 when others were removed before it, else "
      "2.\n\nExample:\n  vmms rm demo:/var/tmp/backup.tar.gz");
  run_online(*remove_command, program, [paths](Session& session) { return remove(session, *paths); });
}

}  // namespace vmms::cli
