#include "daemon/audit.hpp"

#include "cim/instance.hpp"
#include "hypervisor/simulator/fleet.hpp"
#include "hypervisor/simulator/machines.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <new>

namespace vmms::daemon {
namespace {

using namespace std::chrono_literals;

constexpr cim::Property properties[] = {
    {.name = "AdminPassword"}, {.name = "Data"}, {.name = "Name"}, {.name = "Size", .type = cim::Type::uint64}};
constexpr cim::Class item{.name = "T_Item", .properties = properties, .keys = {}, .methods = {}};

cim::Value an_item() {
  cim::Instance instance(item);
  instance.set("Name", std::string("n"));
  instance.set("Data", std::string("hunter2"));
  instance.set("AdminPassword", std::string("swordfish"));
  instance.set("Size", std::uint64_t{7});
  return std::make_shared<const cim::Instance>(std::move(instance));
}

TEST(AuditRecord, IsJsonWordsAndFields) {
  AuditRecord record;
  record.text("event", "invoke");
  record.text("principal", "vmms\\a b\n");
  record.text("address", "[::1]");
  record.json("keys", "{\"Name\":\"x y\"}");
  record.number("duration_us", 12);
  record.flag("late");
  EXPECT_EQ(record.as_json(),
            "{\"event\":\"invoke\",\"principal\":\"vmms\\\\a b\\u000a\",\"address\":\"[::1]\",\"keys\":{\"Name\":\"x "
            "y\"},\"duration_us\":12,\"late\":true}");
  EXPECT_EQ(
      record.as_words(),
      "event=invoke principal=\"vmms\\\\a b\\u000a\" address=[::1] keys={\"Name\":\"x y\"} duration_us=12 late=true");
  const std::string fields = record.as_journal_fields('|');
  EXPECT_EQ(fields,
            "|VMMS_EVENT=invoke|VMMS_PRINCIPAL=vmms\\a b\\x0a|VMMS_ADDRESS=[::1]|VMMS_KEYS={\"Name\":\"x "
            "y\"}|VMMS_DURATION_US=12|VMMS_LATE=true");
}

TEST(AuditRecord, SecretsAreOnlyCounted) {
  std::string out;
  append_json(out, cim::Array{an_item(), an_item()}, 4096);
  EXPECT_EQ(out.find("hunter2"), std::string::npos);
  EXPECT_EQ(out.find("swordfish"), std::string::npos);
  const auto first = boost::json::parse(out).at(0);
  EXPECT_EQ(first.at("Name"), "n");
  EXPECT_EQ(first.at("Data"), "(7 bytes)");
  EXPECT_EQ(first.at("Size"), 7);
  for (const char* name : {"Data", "data", "AdminPassword", "Passphrase", "ClientSecret", "AsciiText"})
    EXPECT_TRUE(is_secret(name)) << name;
  for (const char* name : {"DataItems", "Name", "Reason", "SourcePath"}) EXPECT_FALSE(is_secret(name)) << name;
}

TEST(AuditRecord, IsBoundedAndStaysJson) {
  cim::Array many;
  for (int i = 0; i < 10000; ++i) many.push_back(an_item());
  cim::Value deep = std::string("x");
  for (int i = 0; i < 100; ++i) deep = cim::Array{deep, deep.is_null()};
  for (const cim::Value& value : {cim::Value(many), cim::Value(std::string(1 << 20, '\n')), deep}) {
    std::string out;
    append_json(out, value, 4096);
    EXPECT_LT(out.size(), 8192u);
    EXPECT_NO_THROW(boost::json::parse(out)) << out;
  }
}

TEST(Audit, LinesForTheJournalHaveNoOtherEnds) {
  const std::string line = "MESSAGE=x\x1fPRIORITY=6\x1fVMMS_EVENT=get";
  EXPECT_EQ(Audit::journal_fields(line), (std::vector<std::string_view>{"MESSAGE=x", "PRIORITY=6", "VMMS_EVENT=get"}));
}

TEST(Audit, AFileIsClosedToOthersAndAppendedTo) {
  const std::string file = std::filesystem::temp_directory_path() / ("vmms-audit-" + std::to_string(getpid()));
  std::ofstream(file) << "{\"before\":1}\n";
  std::filesystem::permissions(file, std::filesystem::perms(0666));
  auto place = Audit::open(file);
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0640));
  Audit audit(std::move(*place), false);
  audit.record(cim::RefusedSignIn{"mallory", "basic", "10.0.0.1:5", "10.0.0.1", "wrong password"});
  audit.finish(10s);
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  EXPECT_EQ(line, "{\"before\":1}");
  std::getline(stream, line);
  const auto record = boost::json::parse(line);
  EXPECT_EQ(record.at("event"), "sign_in");
  EXPECT_EQ(record.at("outcome"), "refused");
  EXPECT_EQ(record.at("principal"), "mallory");
  EXPECT_EQ(record.at("address"), "10.0.0.1:5");
  std::filesystem::remove(file);
  EXPECT_FALSE(Audit::open("/no/such/folder/audit"));
  EXPECT_FALSE(Audit::open("/dev/null"));
}

/// There is no memory where a record's VM is looked for.
class Broken : public hypervisor::simulator::SimulatedVirtualMachines {
 public:
  using SimulatedVirtualMachines::SimulatedVirtualMachines;
  hypervisor::VirtualMachinePtr find(std::string_view) const override { throw std::bad_alloc(); }
};

TEST(Audit, ARecordThatCannotBeMadeIsCountedAndChangesNoAnswer) {
  const std::string file = std::filesystem::temp_directory_path() / ("vmms-lost-" + std::to_string(getpid()));
  Audit audit(Audit::open(file).value(), false);
  hypervisor::simulator::Fleet fleet{hypervisor::simulator::FleetDescription{}};
  const Broken machines(fleet);
  audit.set_machines(machines);
  const cim::Context context;
  const auto machine =
      cim::ObjectPath::parse("Msvm_ComputerSystem.Name=\"A1576C71-F505-4D1B-9B78-2CFD971B0F31\"").value();
  cim::Audited audited(&audit, {.operation = "modify", .context = context, .namespace_name = {}, .object = &machine});
  EXPECT_TRUE(audited.ended(Status()));
  audit.record(cim::RefusedSignIn{"mallory", "basic", "10.0.0.1:5", "10.0.0.1", "wrong password"});
  audit.finish(10s);
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  EXPECT_EQ(boost::json::parse(line).at("event"), "sign_in");
  std::getline(stream, line);
  const auto lost = boost::json::parse(line);
  EXPECT_EQ(lost.at("event"), "lost");
  EXPECT_EQ(lost.at("records"), 1);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace vmms::daemon
