// vmms get PATH
#include "cli/program.hpp"
#include "cli/record.hpp"
#include "cli/schema.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

namespace vmms::cli {

namespace {

Result<int> get_one(Session& session, const cim::ObjectPath& path) {
  const auto record = session.client().get(path);
  if (!record) return record.error();
  const Members members(known_class(path.namespace_name, record->class_name));
  if (session.console().json)
    session.console().print(boost::json::value(to_json(*record, members)));
  else
    session.console().print(to_text(*record, members));
  return exit_success;
}

// Each instance is printed as it comes: memory does not grow with their number.
Result<int> get_all(Session& session, const cim::ObjectPath& path) {
  bool first = true;
  const Status status = session.client().enumerate(path.namespace_name, path.class_name, {}, [&](wsman::Record record) {
    const Members members(known_class(path.namespace_name, record.class_name));
    if (session.console().json)
      session.console().print(boost::json::value(to_json(record, members)));
    else
      session.console().print(fmt::format("{}{}\n{}", first ? "" : "\n", record.class_name, to_text(record, members)));
    first = false;
    return true;
  });
  if (!status && first) return status.error();
  if (!status) return incomplete(session.console(), status.error());
  if (first) session.console().note(fmt::format("no instances of {}", path.class_name));
  return exit_success;
}

Result<int> get(Session& session, const std::string& text) {
  auto path = cim::ObjectPath::parse(text);
  if (!path) return path.error();
  if (path->namespace_name.empty()) path->namespace_name = wsman::default_namespace;
  if (const Status complete = complete_keys(*path); !complete) return complete.error();
  return path->keys.empty() && !text.ends_with("=@") ? get_all(session, *path) : get_one(session, *path);
}

}  // namespace

void add_get(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("get", "Print the properties of an instance, or of all instances of a class");
  auto path = std::make_shared<std::string>();
  command->add_option("PATH", *path, "object path: [namespace:]Class.Key=\"value\",... or [namespace:]Class")
      ->required()
      ->type_name("");
  command->footer(
      R"(The namespace is root/virtualization/v2 unless the path names one. Inside quotes a backslash is written twice. Quote the
whole path for the shell. The name of a class's only key may be left out. A class alone prints all its instances, with
--json one a line.

Examples:
  vmms get Msvm_ComputerSystem
  vmms get 'Msvm_VirtualSystemSettingData="Microsoft:A1576C71-F505-4D1B-9B78-2CFD971B0F31"'
  vmms get 'Msvm_ConcreteJob.InstanceID="A1576C71-F505-4D1B-9B78-2CFD971B0F31"'
  vmms get 'Msvm_GuestServiceInterfaceComponentSettingData.InstanceID="Microsoft:A1576C71-F505-4D1B-9B78-2CFD971B0F31\\6C09BB55-D683-4DA0-8931-C9BF705F6480"')");
  run_online(*command, program, [path](Session& session) { return get(session, *path); });
}

}  // namespace vmms::cli
