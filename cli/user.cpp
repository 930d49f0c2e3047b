// vmms user add|remove|list --users FILE: no call over the wire.
#include "base/shell_word.hpp"
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "wire/auth/password_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::cli {

namespace {

constexpr std::size_t short_password = 8;  // characters

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Result<int> add(Console& console, const std::string& name, const std::string& file) {
  const auto password = read_password(console, fmt::format("New password of {}", printable(name)), true);
  if (!password) return password.error();
  const auto added = wire::auth::set_user(file, name, *password);
  if (!added) return added.error();
  if (characters(*password) < short_password)
    console.note(
        fmt::format("warning: this password has fewer than {} characters and is easily guessed", short_password));
  if (console.json)
    console.print(boost::json::value({{"user", name}, {"users", file}, {"added", *added}}));
  else
    console.print(fmt::format("{} {} {}\n", *added ? "added user" : "changed the password of user", printable(name),
                              *added ? fmt::format("to {}", printable(file)) : fmt::format("in {}", printable(file))));
  return exit_success;
}

Result<int> remove(Console& console, const std::string& name, const std::string& file) {
  const auto removed = wire::auth::remove_user(file, name);
  if (!removed) return removed.error();
  if (!*removed)
    return error(Failure::not_found,
                 fmt::format("there is no user {} in {}; those that are there: vmms user list --users {}",
                             printable(name), printable(file), shell_word(file)));
  if (console.json)
    console.print(boost::json::value({{"user", name}, {"users", file}, {"removed", true}}));
  else
    console.print(fmt::format("removed user {} from {}\n", printable(name), printable(file)));
  return exit_success;
}

Result<int> list(Console& console, const std::string& file) {
  const auto users = wire::auth::list_users(file);
  if (!users) return users.error();
  boost::json::array names;
  for (const auto& [name, hash] : users->hashes) {
    if (console.json)
      names.emplace_back(boost::json::object{{"user", name}});
    else
      console.print(printable(name) + '\n');
  }
  if (console.json) console.print(boost::json::value(names));
  return exit_success;
}

}  // namespace

void add_user(CLI::App& app, Program& program) {
  CLI::App* user = app.add_subcommand("user", "Users of a server on this machine");
  user->require_subcommand(1);
  user->footer(
      R"(They are those who may sign in over the network; a local socket needs none.

Example:
  vmms user add admin --users /var/lib/vmms/users)");
  auto name = std::make_shared<std::string>();
  auto file = std::make_shared<std::string>();
  const auto verb = [&](const char* word, const char* description, const char* footer, auto action) {
    CLI::App* command = user->add_subcommand(word, description);
    command->add_option("--users", *file, "the server's users file (vmmsd --users FILE)")
        ->required()
        ->type_name("FILE");
    command->footer(footer);
    command->callback([&program, action] { program.action = action; });
    return command;
  };
  verb(
      "add", "Add a user to a server's users file, or change a user's password",
      R"(The password is read from a terminal without echo, twice, or else from the first line of standard input. The file keeps
only its yescrypt hash; it is made when there is none. A server that runs sees the change by itself.

Examples:
  vmms user add admin --users /etc/vmms/users
  vmms user add backup --users /etc/vmms/users < password.txt)",
      [&program, name, file] { return add(program.console, *name, *file); })
      ->add_option("NAME", *name, "name of the user")
      ->required()
      ->type_name("");
  verb("remove", "Take a user out of a server's users file",
       R"(A server that runs sees the change by itself: the user's next request is refused.

Example:
  vmms user remove backup --users /etc/vmms/users)",
       [&program, name, file] { return remove(program.console, *name, *file); })
      ->add_option("NAME", *name, "name of the user")
      ->required()
      ->type_name("");
  verb("list", "Show the users of a server's users file",
       R"(Example:
  vmms user list --users /etc/vmms/users)",
       [&program, file] { return list(program.console, *file); });
}

}  // namespace vmms::cli
