// Enumerations of more than the instances of a class: association filters, polymorphism, classes; and their lifetimes.
#include "testing/wsman_server.hpp"

namespace vmms::wire::wsman {
namespace {

using testing::Answer;
using testing::local_child;
using testing::soap;
using testing::uri;

constexpr std::string_view binding = "xmlns:b=\"http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd\"";

class FiltersTest : public testing::WsmanServerTest {
 protected:
  FiltersTest() {
    settings->instances = {setting("S1")};
    cim::Instance wide(testing::wide_setting_data);
    wide.set("InstanceID", std::string("W1"));
    wide.set("Width", std::uint64_t{7});
    wide_settings->instances = {wide};
    systems->instances = {system("VM1")};
    cim::Instance affected(testing::affected_job_element);
    affected.set("AffectedElement", std::make_shared<const cim::ObjectPath>(settings->instances[0].path()));
    affected.set("AffectingElement", std::make_shared<const cim::ObjectPath>(systems->instances[0].path()));
    affected.set("ElementEffects", cim::Array{std::uint64_t{5}});
    jobs->instances = {affected};
  }
  Answer enumerate(std::string_view resource, std::string_view inside,
                   const std::vector<std::pair<std::string, std::string>>& selectors = {},
                   std::string_view headers = {}) {
    return call(soap(names::action_enumerate, resource, selectors,
                     fmt::format("<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>100</w:MaxElements>{}"
                                 "</n:Enumerate>",
                                 inside),
                     headers));
  }
  static std::vector<std::string> items(const Answer& answer) {
    std::vector<std::string> names;
    for (const auto item : local_child(answer.body(), "Items").children()) names.emplace_back(item.name());
    return names;
  }
  /// An association filter about the setting S1.
  static std::string filter(std::string_view kind, std::string_view rest = {}) {
    return fmt::format(
        "<w:Filter Dialect=\"{0}\"><b:{1} {2}><b:Object><a:Address>{3}</a:Address><a:ReferenceParameters>"
        "<w:ResourceURI>{4}</w:ResourceURI><w:SelectorSet><w:Selector Name=\"InstanceID\">S1</w:Selector>"
        "</w:SelectorSet></a:ReferenceParameters></b:Object>{5}</b:{1}></w:Filter>",
        names::dialect_association, kind, binding, names::anonymous, uri("Test_SettingData"), rest);
  }
  using Names = std::vector<std::string>;
};

TEST_F(FiltersTest, AssociatedInstances) {
  EXPECT_EQ(items(enumerate(uri("*"), filter("AssociatedInstances"))), Names{"Msvm_ComputerSystem"});
  EXPECT_EQ(items(enumerate(uri("Msvm_ComputerSystem"),
                            filter("AssociatedInstances",
                                   "<b:AssociationClassName>Msvm_AffectedJobElement</b:AssociationClassName>"
                                   "<b:Role>AffectedElement</b:Role><b:ResultClassName>Msvm_ComputerSystem"
                                   "</b:ResultClassName><b:ResultRole>AffectingElement</b:ResultRole>"))),
            Names{"Msvm_ComputerSystem"});
  EXPECT_EQ(items(enumerate(uri("*"), filter("AssociatedInstances", "<b:Role>AffectingElement</b:Role>"))), Names{});
  const auto reduced =
      enumerate(uri("*"), filter("AssociatedInstances", "<b:IncludeResultProperty>Name</b:IncludeResultProperty>"));
  EXPECT_EQ(items(reduced), Names{"XmlFragment"});
  EXPECT_EQ(local_child(local_child(reduced.body(), "Items").first_child(), "Name").text(), "VM1");
}

TEST_F(FiltersTest, AssociationInstances) {
  const auto answer = enumerate(uri("*"), filter("AssociationInstances"));
  EXPECT_EQ(items(answer), Names{"Msvm_AffectedJobElement"});
  EXPECT_EQ(items(enumerate(uri("*"), filter("AssociationInstances",
                                             "<b:ResultClassName>Msvm_AffectedJobElement</b:ResultClassName>"))),
            Names{"Msvm_AffectedJobElement"});
}

TEST_F(FiltersTest, AssociationFiltersThatCannotBeProcessedSayWhy) {
  for (const std::string& inside :
       {fmt::format("<w:Filter Dialect=\"{}\"/>", names::dialect_association), filter("Friends"),
        filter("AssociatedInstances", "<b:Color>red</b:Color>"),
        filter("AssociationInstances", "<b:ResultRole>x</b:ResultRole>"),
        filter("AssociatedInstances", "<b:ResultClassName>Msvm_Nothing</b:ResultClassName>"),
        filter("AssociatedInstances", "<b:AssociationClassName>Test_SettingData</b:AssociationClassName>"),
        fmt::format("<w:Filter Dialect=\"{}\"><b:AssociatedInstances {}/></w:Filter>", names::dialect_association,
                    binding)}) {
    const auto answer = enumerate(uri("*"), inside);
    EXPECT_EQ(answer.subcode(), "n:CannotProcessFilter") << inside;
    EXPECT_FALSE(answer.reason().empty());
  }
}

TEST_F(FiltersTest, PolymorphismModes) {
  const auto with = [&](std::string_view mode, std::string_view more = {}) {
    return enumerate(uri("Test_SettingData"),
                     fmt::format("<b:PolymorphismMode {}>{}</b:PolymorphismMode>{}", binding, mode, more));
  };
  EXPECT_EQ(items(with("IncludeSubClassProperties")), (Names{"Test_SettingData", "Test_WideSettingData"}));
  const auto cut = with("ExcludeSubClassProperties");
  EXPECT_EQ(items(cut), (Names{"Test_SettingData", "Test_SettingData"}));
  EXPECT_EQ(cut.response.body.find("Width"), std::string::npos);
  EXPECT_EQ(items(with("None")), Names{"Test_SettingData"});
  // References name the instance as what it is.
  const auto references = with("ExcludeSubClassProperties", "<w:EnumerationMode>EnumerateEPR</w:EnumerationMode>");
  EXPECT_NE(references.response.body.find("v2/Test_WideSettingData<"), std::string::npos);
}

TEST_F(FiltersTest, AClassIsGotAsCimXml) {
  const auto get = [&](std::string class_name, std::string_view headers = {}) {
    return call(soap(names::action_get, names::schema_resource,
                     {{"__cimnamespace", "root/virtualization/v2"}, {"ClassName", std::move(class_name)}}, {},
                     headers));
  };
  const auto whole = get("test_widesettingdata");
  EXPECT_EQ(whole.response.status, 200U) << whole.reason();
  EXPECT_EQ(whole.body().name(), "CLASS");
  EXPECT_EQ(whole.body().namespace_uri(), "");
  EXPECT_EQ(whole.body().attribute({}, "SUPERCLASS"), "Test_SettingData");
  EXPECT_NE(whole.response.body.find("NAME=\"InstanceID\""), std::string::npos);
  const auto local = get("Test_WideSettingData",
                         "<w:OptionSet><w:Option Name=\"IncludeInheritedElements\">false</w:Option></w:OptionSet>");
  EXPECT_EQ(local.response.body.find("NAME=\"InstanceID\""), std::string::npos);
  EXPECT_NE(local.response.body.find("NAME=\"Width\""), std::string::npos);
  EXPECT_NE(get("Msvm_Nothing").response.body.find("HRESULT 0x80041010"), std::string::npos);
  EXPECT_EQ(call(soap(names::action_get, names::schema_resource)).subcode(), "w:InvalidSelectors");
  EXPECT_EQ(call(soap(names::action_get, names::schema_resource, {{"Color", "red"}})).subcode(), "w:InvalidSelectors");
  EXPECT_EQ(call(soap(names::action_delete, names::schema_resource, {{"ClassName", "CIM_Service"}})).subcode(),
            "a:ActionNotSupported");
}

TEST_F(FiltersTest, ClassesAreEnumerated) {
  const auto all = enumerate(names::schema_resource, {}, {{"__cimnamespace", "root/virtualization/v2"}});
  EXPECT_EQ(items(all).size(), std::size(testing::classes));
  EXPECT_EQ(items(all).front(), "CLASS");
  const auto some = enumerate(names::schema_resource, {}, {{"ClassName", "Test_SettingData"}});
  EXPECT_EQ(items(some).size(), 2U);
  EXPECT_EQ(enumerate(names::schema_resource, "<w:EnumerationMode>EnumerateEPR</w:EnumerationMode>").subcode(),
            "w:UnsupportedFeature");
}

TEST_F(FiltersTest, LifetimesAreToldAndRenewed) {
  const auto request = [&](std::string_view action, std::string_view name, std::string_view inside) {
    return call(soap(action, uri("Test_SettingData"), {}, fmt::format("<n:{0}>{1}</n:{0}>", name, inside)));
  };
  const auto opened = request(names::action_enumerate, "Enumerate", "<n:Expires>PT5M</n:Expires>");
  const std::string context = fmt::format("<n:EnumerationContext>{}</n:EnumerationContext>",
                                          opened.body().child(names::enumeration, "EnumerationContext").text());
  const auto expires = [](const Answer& answer) { return answer.body().child(names::enumeration, "Expires").text(); };
  const auto status = request(names::action_get_status, "GetStatus", context);
  EXPECT_TRUE(status.body().is(names::enumeration, "GetStatusResponse")) << status.reason();
  EXPECT_TRUE(expires(status).starts_with("P0DT0H4M59.")) << expires(status);
  const auto renewed = request(names::action_renew, "Renew", context + "<n:Expires>PT1H</n:Expires>");
  EXPECT_TRUE(renewed.body().is(names::enumeration, "RenewResponse")) << renewed.reason();
  EXPECT_EQ(expires(renewed), "P0DT1H0M0S");
  EXPECT_TRUE(expires(request(names::action_get_status, "GetStatus", context)).starts_with("P0DT0H59M59."));
  EXPECT_EQ(request(names::action_renew, "Renew", context + "<n:Expires>soon</n:Expires>").subcode(),
            "n:InvalidExpirationTime");
  EXPECT_EQ(request(names::action_release, "Release", context).response.status, 200U);
  EXPECT_EQ(request(names::action_get_status, "GetStatus", context).subcode(), "n:InvalidEnumerationContext");
  EXPECT_EQ(request(names::action_renew, "Renew", context).subcode(), "n:InvalidEnumerationContext");
}

}  // namespace
}  // namespace vmms::wire::wsman
