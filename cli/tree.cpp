#include "cli/tree.hpp"

#include "cli/text.hpp"
#include "wire/xml/writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace vmms::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_name = 255;

Status check_bounds(const std::string& directory, std::size_t entries, std::size_t depth) {
  if (entries <= most_tree_entries && depth <= most_tree_depth) return {};
  return error(
      Failure::invalid_argument,
      fmt::format("{} has more than {} files, or directories more than {} deep; copy its parts, or an archive of "
                  "it",
                  printable(directory), most_tree_entries, most_tree_depth));
}

std::string below(const std::string& directory, const std::string& name) {
  return directory.empty() ? name : directory + "/" + name;
}

}  // namespace

bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= most_name && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && printable(name) == name;
}

bool can_be_sent(std::string_view name) {
  return wire::xml::can_carry(name) &&
         std::none_of(name.begin(), name.end(), [](unsigned char byte) { return byte < 0x20 || byte == 0x7F; });
}

Result<Tree> local_tree(const std::string& directory) {
  Tree tree;
  std::error_code problem;
  const auto failed = [&](const fs::path& path) {
    return error(Failure::failed, fmt::format("{} cannot be read: {}", path.string(), problem.message()));
  };
  const fs::file_status top = fs::status(directory, problem);
  if (problem) return failed(directory);
  tree.entries.push_back({"", true, static_cast<std::uint32_t>(top.permissions()) & 0777U, 0});
  fs::recursive_directory_iterator entry(directory, problem);
  if (problem) return failed(directory);
  for (; entry != fs::recursive_directory_iterator(); entry.increment(problem)) {
    if (const std::string name = entry->path().filename(); !can_be_sent(name))
      return error(
          Failure::invalid_argument,
          fmt::format("{} has a name that cannot be sent, which is not UTF-8 or has a control character; rename "
                      "it, or copy an archive of its directory; nothing was copied",
                      printable(entry->path().string())));
    const fs::file_status status = entry->symlink_status(problem);
    if (problem) return failed(entry->path());
    const std::string path = entry->path().lexically_relative(directory);
    const auto permissions = static_cast<std::uint32_t>(status.permissions()) & 0777U;
    if (status.type() == fs::file_type::directory) {
      tree.entries.push_back({path, true, permissions, 0});
    } else if (status.type() == fs::file_type::regular) {
      tree.entries.push_back({path, false, permissions, entry->file_size(problem)});
    } else {
      tree.left_out.push_back(path);
    }
    if (const Status small = check_bounds(directory, tree.entries.size() + tree.left_out.size(),
                                          static_cast<std::size_t>(entry.depth()));
        !small)
      return small.error();
  }
  if (problem) return failed(directory);
  return tree;
}

Result<Tree> guest_tree(Session& session, const VirtualMachine& machine, const std::string& directory) {
  struct Found {
    std::string path;
    std::size_t depth;
  };
  Tree tree;
  const auto top = session.client().invoke(out_of_guest(machine), "GetFileInformation", {{"Path", directory}});
  if (!top) return top.error();
  const auto itself = read_guest_file(top->outputs.text("File"));
  tree.entries.push_back(
      {"", true,
       itself && itself->type == FileType::directory ? static_cast<std::uint32_t>(itself->permissions) & 0777U : 0755U,
       0});
  std::vector<Found> open{{"", 0}};
  while (!open.empty()) {
    const Found here = std::move(open.back());
    open.pop_back();
    const std::string path = here.path.empty() ? directory : directory + "/" + here.path;
    const auto listing = session.client().invoke(out_of_guest(machine), "ListDirectory", {{"Path", path}});
    if (!listing) return listing.error();
    if (!listing->outputs.is_true("Complete"))
      return error(
          Failure::failed,
          fmt::format("\"{}\" in the guest has more files than it can tell; copy an archive of it", printable(path)));
    for (const std::string_view embedded : listing->outputs.texts("Files")) {
      const auto file = read_guest_file(embedded);
      // A name like ../x, or one that would control a terminal, does not come from an honest guest.
      if (!file || !is_file_name(file->name))
        return error(
            Failure::failed,
            fmt::format("\"{}\" in the guest has a file with a name that no file can have here: \"{}\"; nothing "
                        "was copied",
                        printable(path), file ? printable(file->name) : std::string()));
      const std::string name = below(here.path, file->name);
      const auto permissions = static_cast<std::uint32_t>(file->permissions) & 0777U;
      if (file->type == FileType::directory) {
        tree.entries.push_back({name, true, permissions, 0});
        open.push_back({name, here.depth + 1});
      } else if (file->type == FileType::file) {
        tree.entries.push_back({name, false, permissions, file->size});
      } else {
        tree.left_out.push_back(name);
      }
      if (const Status small = check_bounds(directory, tree.entries.size() + tree.left_out.size(), here.depth); !small)
        return small.error();
    }
  }
  return tree;
}

}  // namespace vmms::cli
