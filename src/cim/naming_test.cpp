#include "cim/naming.hpp"

#include "testing/test_namespace.hpp"

namespace vmms::cim {
namespace {

using namespace testing;

ObjectPath read(const std::string& text) { return ObjectPath::parse(text).value(); }

TEST(Naming, AServerHasSeveralNames) {
  for (const char* host : {"", ".", "localhost", "LOCALHOST:5988", "127.0.0.1", "127.0.0.1:5988", "::1", "[::1]",
                           "[::1]:5989", "HOST1", "host1", "host1:5985", "host1.example.org"})
    EXPECT_TRUE(names_server(host, "HOST1")) << host;
  EXPECT_TRUE(names_server("host1", "host1.example.org"));
  for (const char* host : {"other", "host", "host10", "host1x.example.org", "192.0.2.1", "2001:db8::1", ".."})
    EXPECT_FALSE(names_server(host, "HOST1")) << host;
  EXPECT_FALSE(names_server("other.example.org", "host1.example.org"));
  EXPECT_FALSE(names_server("host1.example.com", "host1.example.org"));
  EXPECT_TRUE(names_server("192.0.2.1", "192.0.2.1:5988"));
  EXPECT_TRUE(names_server("[2001:db8::1]:5988", "[2001:db8::1]"));
  EXPECT_FALSE(names_server("other", ""));
}

TEST(Naming, KeysAreAsTheClassDeclaresThem) {
  static constexpr Property properties[] = {
      {.name = "Id", .type = Type::uint16, .is_key = true},
      {.name = "Name", .is_key = true},
      {.name = "Target", .type = Type::reference, .is_key = true, .object_class = "T_System"}};
  static constexpr std::uint16_t keys[] = {0, 1, 2};
  static constexpr Class thing{.name = "T_Thing", .properties = properties, .keys = keys, .methods = {}};
  ObjectPath path = read(R"(T_Thing.id=" 0x10 ",Name="a.b=c",Target="T_System='x'",Other=1)");
  ASSERT_TRUE(complete_keys(path.keys, thing));
  EXPECT_EQ(path.value("Id"), "16");
  EXPECT_EQ(path.value("Name"), "a.b=c");
  EXPECT_FALSE(path.find("Name")->reference) << "a text, whatever it looks like";
  ASSERT_TRUE(path.find("Target")->reference);
  EXPECT_EQ(path.find("Target")->reference->class_name, "T_System");
  EXPECT_EQ(path.value("Other"), "1");
  for (const char* wrong : {"T_Thing.Id=70000", "T_Thing.Id=many", "T_Thing.Target='no path='", "T_Thing='x'"}) {
    ObjectPath refused = read(wrong);
    EXPECT_EQ(complete_keys(refused.keys, thing).error().kind, Failure::invalid_argument) << wrong;
  }
  std::vector<KeyBinding> reference = {{"Name", {}, std::make_shared<const ObjectPath>(read("T_System.Name='x'"))}};
  EXPECT_FALSE(complete_keys(reference, thing));
  ObjectPath only = read("T_System='vm1'");
  ASSERT_TRUE(complete_keys(only.keys, t_system));
  EXPECT_EQ(only.value("Name"), "vm1");
}

TEST(Naming, ObjectsHaveManyNames) {
  const Home home{"HOST", "root/test", &schema};
  const ObjectPath unit = read(R"(T_Unit.CreationClassName="T_Unit",Name="web",SystemName="VM1")");
  for (const char* name :
       {R"(T_Unit.CreationClassName="T_Unit",Name="web",SystemName="VM1")", R"(t_unit.name="WEB",systemname="vm1")",
        R"(T_Service.Name="web")", R"(T_Base.SystemName="vm1",Name="Web")", R"(root/test:T_Unit.Name="web")",
        R"(\\host\root\test:T_Unit.Name="web")", R"(\\.\ROOT\Test:T_Unit.Name="web")"})
    EXPECT_TRUE(names_object(read(name), unit, home)) << name;
  for (const char* name : {"T_Unit", "T_HostService.Name='web'", "T_System.Name='web'", "T_Nothing.Name='web'",
                           "T_Unit.Name='cron'", "T_Unit.Colour='web'", "root/other:T_Unit.Name='web'",
                           R"(\\other\root\test:T_Unit.Name="web")", "T_Unit='web'"})
    EXPECT_FALSE(names_object(read(name), unit, home)) << name;
  EXPECT_TRUE(names_object(read("T_System='vm1'"), read("T_System.Name='VM1'"), home));

  const ObjectPath hosted =
      read(R"(T_Hosted.Antecedent="T_System.Name=\"vm1\"",Dependent="T_Unit.Name=\"web\",SystemName=\"vm1\"")");
  ObjectPath own;
  own.class_name = "T_Hosted";
  own.keys = {{"Antecedent", {}, std::make_shared<const ObjectPath>(read("T_System.Name='VM1'"))},
              {"Dependent", {}, std::make_shared<const ObjectPath>(unit)}};
  EXPECT_TRUE(names_object(hosted, own, home));
  EXPECT_TRUE(names_object(read(R"(T_Hosted.Antecedent="T_Base='vm1'")"), own, home));
  EXPECT_FALSE(names_object(read(R"(T_Hosted.Antecedent="T_System='vm2'")"), own, home));
  EXPECT_FALSE(names_object(read("T_Hosted.Antecedent='vm1='"), own, home));
}

}  // namespace
}  // namespace vmms::cim
