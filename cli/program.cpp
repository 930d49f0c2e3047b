#include "cli/program.hpp"

#include "cli/help.hpp"
#include "cli/verbs.hpp"
#include "cli/waiting.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::cli {

namespace {

constexpr const char* description =
    "Manages virtual machines, and the services inside their guests, through a server of Hyper-V's management "
    "interface (vmmsd).";

constexpr const char* footer = R"(Examples:
  vmms vm list
  vmms vm start demo --wait 60             start a VM, wait until its guest answers
  vmms guest enable demo                   allow this VM's guest services
  vmms service list demo
  vmms service start demo nginx            StartService on a service of the guest
  vmms service show demo nginx --json
  vmms doctor demo                         what is in the way of the guest's services, and what to do
  vmms query "SELECT Name, ActiveState FROM Vmms_GuestOSService WHERE Started = FALSE"

Which server, and who:
  VMMS_SERVER=https://host:5986/wsman VMMS_USER=admin vmms --password-file ~/.vmms-password vm list

A VM is named by its name or its GUID, in upper or lower case.
Exit status: 0 success; 1 the method answered with a value other than zero, which is printed with its meaning, or what
was checked has problems, or not all was listed or done;
2 an error (no server, no such VM, a fault ...), printed on standard error.

"vmms VERB --help" and "vmms VERB VERB --help" tell more.)";

void add_shared_options(CLI::App& app, Program& program) {
  Options& options = program.options;
  app.add_option(
         "--server", options.server,
         "URL of the server (http:, https: or unix:/path); its port is 5985, or 5986 for https, when left out. "
         "Default: the local socket of a vmmsd on this machine, which asks for no password, if there is one; else "
         "http://127.0.0.1:5985/wsman")
      ->envname("VMMS_SERVER")
      ->type_name("URL");
  app.add_option("--user", options.user, "user name")->envname("VMMS_USER")->type_name("NAME");
  app.add_option("--password-file", options.password_file,
                 "file whose first line is the password; else VMMS_PASSWORD is taken, else a terminal is asked")
      ->type_name("FILE");
  app.add_option("--ca", options.ca_file, "certificates to trust for https (PEM) instead of the system's")
      ->envname("VMMS_CA")
      ->type_name("FILE");
  app.add_flag("--insecure", options.insecure,
               "do not check the server's certificate; allow a password over http to another machine");
  app.add_option("--timeout", options.timeout_seconds,
                 fmt::format("how long one answer, or one job, may take, 1 to 86400; a copy: how long it may stand "
                             "still [{}; the last step of a copy then has a second more for each MiB]",
                             Options::default_timeout_seconds))
      ->check(whole_number(1, 86400))
      ->type_name("SECONDS");
  app.add_flag("--json", program.console.json, "print results and errors as JSON, one value a line");
}

// What the help of a single verb does not say.
void mention_shared_options(CLI::App& app) {
  const auto verbs = app.get_subcommands([](CLI::App*) { return true; });
  for (CLI::App* verb : verbs) mention_shared_options(*verb);
  if (!verbs.empty() && app.get_parent() != nullptr)
    app.footer(fmt::format("{}\n\n\"vmms {} VERB --help\" tells more of each.", app.get_footer(), app.get_name()));
  if (verbs.empty())
    app.footer(app.get_footer() +
               "\n\nThe options of vmms itself, such as --server, --user and --json, may stand here "
               "too: see vmms --help");
}

}  // namespace

void run_online(CLI::App& command, Program& program, std::function<Result<int>(Session&)> verb) {
  command.callback([&program, verb = std::move(verb)] {
    program.action = [&program, verb]() -> Result<int> {
      auto session = Session::open(program.options, program.console);
      if (!session) return session.error();
      const Waiting waiting(program.console, session->client().endpoint().url());
      return verb(*session);
    };
  });
}

int run(std::vector<std::string> arguments, Console& console) {
  Program program{{}, console, {}};
  CLI::App app(description, "vmms");
  app.footer(footer);
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", VMMS_VERSION);
  // Options of the program may stand behind its verbs too.
  app.fallthrough();
  app.require_subcommand(1);
  add_shared_options(app, program);
  add_vm(app, program);
  add_guest(app, program);
  add_service(app, program);
  add_kvp(app, program);
  add_copy(app, program);
  add_files(app, program);
  add_doctor(app, program);
  add_get(app, program);
  add_query(app, program);
  add_invoke(app, program);
  add_identify(app, program);
  add_user(app, program);
  add_mof(app, program);
  mention_shared_options(app);

  // A wrong command line is reported in JSON as well, so the flag cannot wait for the parser.
  console.json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
  if (const Status known = check_verbs(app, arguments); !known) {
    console.report(known.error());
    return exit_error;
  }
  std::reverse(arguments.begin(), arguments.end());  // what this overload of parse() takes
  try {
    app.parse(arguments);
  } catch (const CLI::Success& request) {
    return app.exit(request, console.out, console.err);  // --help, --version
  } catch (const CLI::ParseError& mistake) {
    console.report(error(Failure::invalid_argument,
                         fmt::format("{} (see {} --help)", what_is_wrong(app, mistake), command_given(app))));
    return exit_error;
  }
  const auto status = program.action();
  console.progress({});
  if (status) return *status;
  console.report(status.error());
  return exit_error;
}

}  // namespace vmms::cli
