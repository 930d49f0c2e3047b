// vmms user add NAME --users FILE: no call over the wire.
#include "cli/program.hpp"
#include "cli/text.hpp"
#include "wire/auth/password_file.hpp"

#include <fmt/format.h>

namespace vmms::cli {

namespace {

Result<int> add(Console& console, const std::string& name, const std::string& file) {
  const auto password = read_password(console, fmt::format("New password of {}", printable(name)), true);
  if (!password) return password.error();
  const auto added = wire::auth::set_user(file, name, *password);
  if (!added) return added.error();
  if (console.json)
    console.print(boost::json::value({{"user", name}, {"users", file}, {"added", *added}}));
  else
    console.print(fmt::format("{} {} {}\n", *added ? "added user" : "changed the password of user", printable(name),
                              *added ? fmt::format("to {}", printable(file)) : fmt::format("in {}", printable(file))));
  return exit_success;
}

}  // namespace

void add_user(CLI::App& app, Program& program) {
  CLI::App* user = app.add_subcommand("user", "Users of a server on this machine");
  user->require_subcommand(1);
  CLI::App* command = user->add_subcommand("add", "Add a user to a server's users file, or change a user's password");
  auto name = std::make_shared<std::string>();
  auto file = std::make_shared<std::string>();
  command->add_option("NAME", *name, "name of the user")->required()->type_name("");
  command->add_option("--users", *file, "the server's users file (vmmsd --users FILE); made when there is none")
      ->required()
      ->type_name("FILE");
  command->footer(
      R"(The password is read from a terminal without echo, twice, or else from the first line of standard input. The file keeps
only its yescrypt hash. A server that runs sees the change by itself.

Examples:
  vmms user add admin --users /etc/vmms/users
  vmms user add backup --users /etc/vmms/users < password.txt)");
  command->callback([&program, name, file] {
    program.action = [&program, name, file] { return add(program.console, *name, *file); };
  });
}

}  // namespace vmms::cli
