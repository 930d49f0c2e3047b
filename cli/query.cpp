// vmms query "WQL"
#include "cli/program.hpp"
#include "cli/record.hpp"
#include "cli/schema.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace vmms::cli {

namespace {

/// The server's name for an item that holds only some columns.
constexpr std::string_view fragment = "XmlFragment";

/// The columns of a query as a table.
class Columns {
 public:
  void add(const wsman::Record& record) {
    std::map<std::string, std::string> row;
    for (const wsman::Field& field : record.fields) {
      if (std::find(names_.begin(), names_.end(), field.name) == names_.end()) names_.push_back(field.name);
      std::string& cell = row[field.name];
      if (!cell.empty()) cell += ", ";  // of an array
      cell += field.is_null ? "NULL" : field.reference ? field.reference->to_string() : field.text;
    }
    rows_.push_back(std::move(row));
  }
  bool empty() const { return rows_.empty(); }
  std::string text() {
    Table table(names_);
    for (auto& row : rows_) {
      std::vector<std::string> cells;
      for (const std::string& name : names_) cells.push_back(std::move(row[name]));
      table.add(std::move(cells));
    }
    return table.text();
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::map<std::string, std::string>> rows_;
};

// Whole instances, and with --json everything, are printed as they come: memory does not grow with their number.
Result<int> query(Session& session, const std::string& space, const std::string& text) {
  bool first = true;
  Columns columns;
  const Status status = session.client().query(space, text, [&](wsman::Record record) {
    // A fragment does not name its class: its values stay the text of the wire.
    const bool is_fragment = record.class_name == fragment;
    const Members members(is_fragment ? nullptr : known_class(space, record.class_name));
    if (session.console().json)
      session.console().print(boost::json::value(to_json(record, members)));
    else if (is_fragment)
      columns.add(record);
    else
      session.console().print(fmt::format("{}{}\n{}", first ? "" : "\n", record.class_name, to_text(record, members)));
    first = false;
    return true;
  });
  if (!columns.empty()) session.console().print(columns.text());
  if (!status && first) return status.error();
  if (!status) return incomplete(session.console(), status.error());
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
{path} WHERE AssocClass=, ResultClass=, Role=, ResultRole= and others; SELECT * FROM meta_class finds classes. Text is
compared without case; LIKE knows % and _; a backslash in a string is written twice. With --json each item is one line.

Examples:
  vmms query 'SELECT ElementName, EnabledState FROM Msvm_ComputerSystem WHERE EnabledState = 2'
  vmms query "SELECT Name, ActiveState FROM Vmms_GuestOSService WHERE SystemName = 'A1576C71-F505-4D1B-9B78-2CFD971B0F31' AND Started = TRUE"
  vmms query "ASSOCIATORS OF {Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='A1576C71-F505-4D1B-9B78-2CFD971B0F31'} WHERE ResultClass = Msvm_GuestService")");
  run_online(*command, program, [text, space](Session& session) { return query(session, *space, *text); });
}

}  // namespace vmms::cli
