// The program `vmms` without its main(): from arguments to exit status.
#pragma once

#include "cli/console.hpp"
#include "cli/session.hpp"

#include <CLI/CLI.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace vmms::cli {

/// What the command line asked for.
struct Program {
  Options options;
  Console& console;
  std::function<Result<int>()> action;  ///< set by the verb that was given
};

/// Lets `command` run `verb` with a client for the server.
void run_online(CLI::App& command, Program& program, std::function<Result<int>(Session&)> verb);

// Each adds its verbs to the command line.
void add_identify(CLI::App& app, Program& program);
void add_vm(CLI::App& app, Program& program);
void add_guest(CLI::App& app, Program& program);
void add_doctor(CLI::App& app, Program& program);
void add_service(CLI::App& app, Program& program);
void add_kvp(CLI::App& app, Program& program);
void add_copy(CLI::App& app, Program& program);
void add_files(CLI::App& app, Program& program);
void add_get(CLI::App& app, Program& program);
void add_query(CLI::App& app, Program& program);
void add_invoke(CLI::App& app, Program& program);
void add_user(CLI::App& app, Program& program);
void add_mof(CLI::App& app, Program& program);

/// Runs the program. `arguments` does not hold the program's name.
int run(std::vector<std::string> arguments, Console& console);

}  // namespace vmms::cli
