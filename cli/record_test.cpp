#include "cli/record.hpp"

#include "cli/schema.hpp"

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace vmms::cli {
namespace {

using wire::wsman::Field;
using wire::wsman::Record;

Record example() {
  cim::ObjectPath path;
  path.class_name = "Msvm_ConcreteJob";
  path.keys = {{"InstanceID", "J"}};
  Record record;
  record.class_name = "Msvm_ComputerSystem";
  record.fields = {{"ElementName", "demo \"1\""},
                   {"EnabledState", "2"},
                   {"HealthState", "not a number"},
                   {"OperationalStatus", "2"},
                   {"ProcessID", "", true},
                   {"StatusDescriptions", "a"},
                   {"StatusDescriptions", "b"},
                   {"Unknown", "true"},
                   {"Reference", "", false, std::make_shared<const cim::ObjectPath>(path)}};
  return record;
}

TEST(RecordTest, JsonHasTheTypesOfAKnownClass) {
  const Members members(known_class("root/virtualization/v2", "msvm_computersystem"));
  EXPECT_EQ(boost::json::serialize(to_json(example(), members)),
            R"({"ElementName":"demo \"1\"","EnabledState":2,"HealthState":"not a number","OperationalStatus":[2],)"
            R"("ProcessID":null,"StatusDescriptions":["a","b"],"Unknown":"true",)"
            R"("Reference":"Msvm_ConcreteJob.InstanceID=\"J\""})");
}

TEST(RecordTest, JsonOfAnUnknownClassIsText) {
  EXPECT_EQ(boost::json::serialize(to_json(example(), {})),
            R"({"ElementName":"demo \"1\"","EnabledState":"2","HealthState":"not a number","OperationalStatus":"2",)"
            R"("ProcessID":null,"StatusDescriptions":["a","b"],"Unknown":"true",)"
            R"("Reference":"Msvm_ConcreteJob.InstanceID=\"J\""})");
}

TEST(RecordTest, TextNamesValues) {
  const std::string text = to_text(example(), Members(known_class("root/virtualization/v2", "Msvm_ComputerSystem")));
  EXPECT_NE(text.find("ElementName         demo \"1\"\n"), std::string::npos) << text;
  EXPECT_NE(text.find("EnabledState        2 (Running)\n"), std::string::npos) << text;
  EXPECT_NE(text.find("OperationalStatus   {2 (OK)}\n"), std::string::npos) << text;
  EXPECT_NE(text.find("ProcessID           NULL\n"), std::string::npos) << text;
  EXPECT_NE(text.find("StatusDescriptions  {a, b}\n"), std::string::npos) << text;
}

TEST(SchemaTest, KnowsItsOwnNamespaceOnly) {
  EXPECT_NE(known_class("ROOT/Virtualization/V2", "vmms_guestosservice"), nullptr);
  EXPECT_EQ(known_class("root/cimv2", "Vmms_GuestOSService"), nullptr);
  EXPECT_EQ(known_class("root/virtualization/v2", "No_Such"), nullptr);
}

}  // namespace
}  // namespace vmms::cli
