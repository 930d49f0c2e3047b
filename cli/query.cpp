// vmms query "WQL"
#include "cli/program.hpp"
#include "cli/record.hpp"
#include "cli/schema.hpp"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

namespace vmms::cli {

namespace {

/// What the server calls an item that holds some columns only.
constexpr std::string_view fragment = "XmlFragment";

// Each item is printed as it comes: memory does not grow with their number.
Result<int> query(Session& session, const std::string& space, const std::string& text) {
  bool first = true;
  const Status status = session.client().query(space, text, [&](wsman::Record record) {
    // A fragment does not say of which class it is: its values stay the text that they are on the wire.
    const bool whole = record.class_name != fragment;
    const Members members(whole ? known_class(space, record.class_name) : nullptr);
    if (session.console().json)
      session.console().print(boost::json::value(to_json(record, members)));
    else
      session.console().print(fmt::format("{}{}{}{}", first ? "" : "\n", whole ? record.class_name : "",
                                          whole ? "\n" : "", to_text(record, members)));
    first = false;
    return true;
  });
  if (!status) return status.error();
  if (first) session.console().note("the query found nothing");
  return exit_success;
}

}  // namespace

void add_query(CLI::App& app, Program& program) {
  CLI::App* command = app.add_subcommand("query", "Run a WQL query and print what it finds");
  auto text = std::make_shared<std::string>();
  auto space = std::make_shared<std::string>(wsman::default_namespace);
  command->add_option("WQL", *text, "the query, as one argument")->required()->type_name("");
  command->add_option("--namespace", *space, "CIM namespace")->capture_default_str();
  command->footer(
      R"(Queries are those of WMI: SELECT * or columns FROM a class WHERE conditions; ASSOCIATORS OF {path} and REFERENCES OF
{path} WHERE AssocClass=, ResultClass=, Role=, ResultRole=. Text is compared without case; LIKE knows % and _; a
backslash in a string is written twice. With --json each item is one line.

Examples:
  vmms query 'SELECT ElementName, EnabledState FROM Msvm_ComputerSystem WHERE EnabledState = 2'
  vmms query "SELECT Name, ActiveState FROM Vmms_GuestOSService WHERE SystemName = 'A1576C71-F505-4D1B-9B78-2CFD971B0F31' AND Started = TRUE"
  vmms query "ASSOCIATORS OF {Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='A1576C71-F505-4D1B-9B78-2CFD971B0F31'} WHERE ResultClass = Msvm_GuestService")");
  run_online(*command, program, [text, space](Session& session) { return query(session, *space, *text); });
}

}  // namespace vmms::cli
