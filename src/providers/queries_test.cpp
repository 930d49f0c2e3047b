// The queries that real clients send, on a simulated fleet; and how much of the fleet they touch.
#include "base/text.hpp"
#include "providers/common/machines.hpp"
#include "testing/test_fleet.hpp"

namespace vmms::providers {
namespace {

/// Of a VM that is on: its components and its keyboard.
constexpr std::size_t devices = integration_components.size() + 1;

using testing::space;
using Texts = std::set<std::string>;

class Queries : public testing::Providers {
 protected:
  std::vector<cim::Instance> query(const std::string& text, std::size_t most = 100) {
    auto result = manager_.query(context_, space, text);
    EXPECT_TRUE(result) << text << ": " << result.error().message;
    if (!result) return {};
    columns_ = result->columns;
    return read(*result->instances, most);
  }
  Texts texts(const std::string& query_text, std::string_view property) {
    Texts found;
    for (const auto& instance : query(query_text)) found.insert(cim::to_text(instance[property]));
    return found;
  }
  Error failure(const std::string& text) {
    auto result = manager_.query(context_, space, text);
    if (result) {
      read(*result->instances, 100);
      EXPECT_FALSE(failures_.empty()) << text;
      return failures_.empty() ? Error{} : failures_.front();
    }
    return result.error();
  }
  std::string interface_path(std::string_view name) {
    return R"(Msvm_GuestServiceInterfaceComponent.CreationClassName="Msvm_GuestServiceInterfaceComponent",)"
           R"(DeviceID="Microsoft:6C09BB55-D683-4DA0-8931-C9BF705F6480",)"
           R"(SystemCreationClassName="Msvm_ComputerSystem",SystemName=")" +
           id(name) + "\"";
  }

  std::vector<std::string> columns_;
};

TEST_F(Queries, OfLibvirtFindMachines) {
  const std::string machines = "SELECT * FROM Msvm_ComputerSystem WHERE Description = \"Microsoft Virtual Machine\" ";
  EXPECT_EQ(texts(machines, "ElementName"), (Texts{"alpha", "beta", "delta", "gamma"}));
  EXPECT_EQ(texts(machines + "AND (EnabledState != 0 and EnabledState != 3 and EnabledState != 32769) ", "ElementName"),
            (Texts{"alpha", "beta", "delta"}));
  EXPECT_EQ(texts(machines + "AND ElementName = 'GAMMA'", "ElementName"), Texts{"gamma"});
  EXPECT_EQ(texts(machines + "AND Name = \"" + to_lower(id("beta")) + "\"", "ElementName"), Texts{"beta"});
  EXPECT_EQ(texts("SELECT Name FROM Msvm_ComputerSystem WHERE Caption = \"Hosting Computer System\"", "Name"),
            Texts{"HOST1"});
  EXPECT_EQ(columns_, std::vector<std::string>{"Name"});
}

TEST_F(Queries, AboutOneMachineTouchOneMachine) {
  const std::string alpha = id("alpha");
  const std::string beta = id("beta");
  const std::string path = machine_path("alpha");
  host_.lists = 0;
  EXPECT_EQ(query("SELECT * FROM Msvm_ComputerSystem WHERE Name='" + to_lower(alpha) + "'").size(), 1u);
  EXPECT_EQ(
      query("SELECT * FROM Msvm_ComputerSystem WHERE __PATH='\\\\\\\\HOST1\\\\root\\\\virtualization\\\\v2:" +
            std::string(R"(Msvm_ComputerSystem.CreationClassName=\"Msvm_ComputerSystem\",Name=\")") + alpha + "\\\"'")
          .size(),
      1u);
  EXPECT_EQ(host_.reached, Texts{});
  EXPECT_EQ(query("SELECT * FROM Vmms_GuestOSService WHERE Started = TRUE AND SystemName = '" + alpha + "'").size(),
            1u);
  EXPECT_EQ(query("ASSOCIATORS OF {" + path + "} WHERE AssocClass = Msvm_SettingsDefineState").size(), 1u);
  EXPECT_EQ(query("ASSOCIATORS OF {" + path + "} WHERE ResultClass = Msvm_GuestServiceInterfaceComponent").size(), 1u);
  EXPECT_EQ(query("REFERENCES OF {" + path + "} WHERE ResultClass = Msvm_HostedService").size(), 5u);
  EXPECT_EQ(host_.reached, Texts{"alpha"});
  EXPECT_EQ(host_.lists, 0);

  host_.reached.clear();
  EXPECT_EQ(query("SELECT * FROM Msvm_GuestFileService WHERE SystemName='" + beta + "'").size(), 1u);
  EXPECT_EQ(query("ASSOCIATORS OF {" + machine_path("beta") + "} WHERE ResultClass = Msvm_GuestFileService").size(),
            1u);
  EXPECT_EQ(host_.lists, 1);  // by machine_path()
}

TEST_F(Queries, WalkFromTheMachineToItsGuestServicesAndBack) {
  const std::string machine = machine_path("alpha");
  const auto components = query("ASSOCIATORS OF {" + machine +
                                "} WHERE AssocClass = Msvm_SystemDevice ResultClass = "
                                "Msvm_GuestServiceInterfaceComponent");
  ASSERT_EQ(components.size(), 1u);
  EXPECT_EQ(components[0].cim_class().name, "Msvm_GuestServiceInterfaceComponent");
  const std::string component = components[0].path().to_string();
  const std::string registered = " WHERE AssocClass = Msvm_RegisteredGuestService";
  EXPECT_EQ(texts("ASSOCIATORS OF {" + component + "}" + registered, "Name"),
            (Texts{"cron.service", "web.service", "guestfilesvc", "vsssvc"}));
  EXPECT_EQ(texts("ASSOCIATORS OF {" + component + "}" + registered + " ResultClass = Vmms_GuestOSService", "Name"),
            (Texts{"cron.service", "web.service"}));

  const auto services =
      query("SELECT * FROM Vmms_GuestOSService WHERE Name='web.service' AND SystemName='" + id("alpha") + "'");
  ASSERT_EQ(services.size(), 1u);
  const std::string service = services[0].path().to_string();
  EXPECT_EQ(texts("ASSOCIATORS OF {" + service + "}" + registered, "SystemName"), Texts{id("alpha")});
  EXPECT_EQ(texts("ASSOCIATORS OF {" + service + "} WHERE ResultClass = Msvm_ComputerSystem", "Name"),
            Texts{id("alpha")});
  EXPECT_EQ(texts("ASSOCIATORS OF {" + component + "} WHERE ResultClass = Msvm_ComputerSystem", "Name"),
            Texts{id("alpha")});
  EXPECT_EQ(texts("ASSOCIATORS OF {" + component + "} WHERE ResultRole = SettingData", "InstanceID").size(), 1u);
  EXPECT_TRUE(query("ASSOCIATORS OF {" + component + "} WHERE Role = Dependent" + registered.substr(6)).empty());

  const auto references = query("REFERENCES OF {" + service + "}");
  Texts classes;
  for (const auto& reference : references) classes.insert(std::string(reference.cim_class().name));
  EXPECT_EQ(classes, (Texts{"Msvm_HostedService", "Msvm_RegisteredGuestService"}));
  for (const auto& reference : references) EXPECT_TRUE(manager_.get(context_, reference.path(space)));
}

TEST_F(Queries, AssociationsAreFoundByEitherEndInAnySpelling) {
  std::string machine = to_lower(machine_path("alpha"));
  for (std::size_t at = 0; (at = machine.find('"', at)) != std::string::npos; at += 2) machine.insert(at, "\\");
  host_.lists = 0;
  EXPECT_EQ(query("SELECT * FROM Msvm_SystemDevice WHERE GroupComponent = \"" + machine + "\"").size(), devices);
  EXPECT_EQ(query("SELECT * FROM Msvm_HostedService WHERE Antecedent = \"" + machine + "\"").size(), 5u);
  EXPECT_EQ(host_.lists, 0);
}

TEST_F(Queries, WalkToTheSettings) {
  const std::string walk = "ASSOCIATORS OF {" + machine_path("gamma") +
                           "} WHERE AssocClass = Msvm_SettingsDefineState ResultClass = Msvm_VirtualSystemSettingData";
  const auto settings = query(walk);
  ASSERT_EQ(settings.size(), 1u);
  EXPECT_EQ(settings[0]["ElementName"], cim::Value(std::string("gamma")));
  EXPECT_EQ(query("ASSOCIATORS OF {" + settings[0].path().to_string() +
                  "} WHERE AssocClass = Msvm_VirtualSystemSettingDataComponent")
                .size(),
            integration_components.size());
}

TEST_F(Queries, WithoutAnAssociationClassFindEverythingOnce) {
  Texts paths;
  const auto found = query("ASSOCIATORS OF {" + machine_path("alpha") + "}", 3);
  for (const auto& instance : found) paths.insert(instance.path().to_string());
  EXPECT_EQ(paths.size(), found.size());
  EXPECT_GE(found.size(), 6u);  // the interface, four services, the settings
}

TEST_F(Queries, ThatAreWrongSayWhy) {
  EXPECT_EQ(failure("SELECT * FROM Msvm_Nothing").kind, Failure::not_found);
  EXPECT_EQ(failure("SELECT Nothing FROM Msvm_ComputerSystem").kind, Failure::invalid_argument);
  EXPECT_EQ(failure("SELECT * FROM Msvm_ComputerSystem WHERE Nothing = 1").message,
            "query: Msvm_ComputerSystem has no property named Nothing");
  EXPECT_EQ(failure("SELECT * FROM Msvm_ComputerSystem WHERE Name = ").message,
            "query, position 48: expected a name, a string, a number, TRUE, FALSE or NULL, found the end of the query");
  EXPECT_EQ(failure("ASSOCIATORS OF {Msvm_Nothing.Name='x'}").kind, Failure::not_found);
  EXPECT_EQ(failure("ASSOCIATORS OF {" + machine_path("alpha") + "} WHERE AssocClass = Msvm_ComputerSystem").kind,
            Failure::invalid_argument);
  EXPECT_EQ(failure("ASSOCIATORS OF {root/cimv2:" + machine_path("alpha") + "}").kind, Failure::invalid_argument);
  // An object that does not exist differs from one that has no associations, over every kind of association.
  for (const char* query_text :
       {"ASSOCIATORS OF {}", "ASSOCIATORS OF {} WHERE AssocClass = Msvm_SystemDevice",
        "ASSOCIATORS OF {} WHERE AssocClass = Msvm_SettingsDefineState",
        "ASSOCIATORS OF {} WHERE ResultClass = Msvm_GuestService", "ASSOCIATORS OF {} WHERE Role = Nobody",
        "REFERENCES OF {}", "REFERENCES OF {} WHERE ResultClass = Msvm_HostedService"}) {
    std::string text = query_text;
    text.insert(text.find('{') + 1, "Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='nobody'");
    EXPECT_EQ(failure(text).kind, Failure::not_found) << text;
  }
}

TEST_F(Queries, UnreachableGuestsAreNotEmptyOnes) {
  EXPECT_EQ(failure("SELECT * FROM Vmms_GuestOSService WHERE SystemName='" + id("delta") + "'").kind,
            Failure::unreachable);
  EXPECT_EQ(failure("ASSOCIATORS OF {" + machine_path("delta") + "} WHERE ResultClass = Vmms_GuestOSService").kind,
            Failure::unreachable);
}

TEST_F(Queries, ClassesAndPathsNarrowPolymorphicQueries) {
  host_.reached.clear();
  EXPECT_EQ(query("SELECT * FROM CIM_Service WHERE __CLASS = 'Msvm_VirtualSystemManagementService'").size(), 1u);
  EXPECT_EQ(host_.reached, Texts{});  // no guest was asked for its services
  EXPECT_TRUE(query("SELECT * FROM CIM_Service WHERE __CLASS = 'Msvm_ComputerSystem'").empty());
  EXPECT_EQ(texts("SELECT __CLASS, __SERVER FROM CIM_Service WHERE Name LIKE 'guest%' OR Name LIKE 'w_b.[r-t]ervice'",
                  "CreationClassName"),
            (Texts{"Msvm_GuestFileService", "Vmms_GuestOSService"}));
  EXPECT_EQ(columns_, (std::vector<std::string>{"__CLASS", "__SERVER"}));
}

TEST_F(Queries, UnitNamesAreFoundWithoutCase) {
  EXPECT_EQ(texts("SELECT * FROM Vmms_GuestOSService WHERE Name = 'WEB.service' AND SystemName = '" + id("alpha") + "'",
                  "Name"),
            Texts{"web.service"});
}

TEST_F(Queries, ObjectsAreAskedForTheirClass) {
  host_.reached.clear();
  EXPECT_EQ(query("SELECT * FROM CIM_LogicalElement WHERE __THIS ISA 'Msvm_ComputerSystem'").size(), 5u);
  EXPECT_TRUE(query("SELECT * FROM Msvm_ComputerSystem WHERE __this isa CIM_Service").empty());
  EXPECT_EQ(failure("SELECT * FROM Msvm_ComputerSystem WHERE Name ISA 'x'").kind, Failure::invalid_argument);
  EXPECT_EQ(failure("SELECT * FROM Msvm_ComputerSystem WHERE __THIS = 'x'").kind, Failure::invalid_argument);
}

TEST_F(Queries, SystemPropertiesOfEveryObject) {
  const std::string found =
      "SELECT __DERIVATION, __GENUS, __PROPERTY_COUNT, __DYNASTY, __RELPATH FROM "
      "Msvm_ComputerSystem WHERE __GENUS = 2 AND __PROPERTY_COUNT > 10 AND __SERVER = 'host1' "
      "AND __DYNASTY = 'CIM_ManagedElement' AND __NAMESPACE = 'root\\\\virtualization\\\\v2'";
  EXPECT_EQ(query(found).size(), 5u);
  EXPECT_EQ(failure("SELECT * FROM Msvm_ComputerSystem WHERE __GENUS = 'x'").kind, Failure::invalid_argument);
  EXPECT_EQ(failure("SELECT * FROM Msvm_ComputerSystem WHERE __DERIVATION = 'x'").kind, Failure::invalid_argument);
  EXPECT_EQ(failure("SELECT * FROM Msvm_ComputerSystem WHERE OperationalStatus = 2").kind, Failure::invalid_argument)
      << "WQL compares no arrays";
  EXPECT_FALSE(query("SELECT * FROM Msvm_ComputerSystem WHERE OperationalStatus IS NOT NULL").empty());
}

TEST_F(Queries, ClassesAreAskedFor) {
  const auto classes = [&](const std::string& text) {
    Texts names;
    for (const auto& instance : query(text)) names.emplace(instance.cim_class().name);
    return names;
  };
  EXPECT_EQ(classes("SELECT * FROM meta_class WHERE __CLASS = 'Msvm_VssService'"), Texts{"Msvm_VssService"});
  EXPECT_EQ(classes("SELECT * FROM meta_class WHERE __THIS ISA 'Msvm_GuestService'"),
            (Texts{"Msvm_GuestCommunicationService", "Msvm_GuestFileService", "Msvm_GuestService", "Msvm_VssService",
                   "Vmms_GuestOSService"}));
  EXPECT_GT(classes("SELECT * FROM meta_class").size(), 400u);
  EXPECT_EQ(failure("SELECT * FROM meta_class WHERE Name = 'x'").kind, Failure::invalid_argument);
  EXPECT_EQ(
      classes("ASSOCIATORS OF {" + machine_path("alpha") + "} WHERE AssocClass=Msvm_SystemDevice ClassDefsOnly"),
      (Texts{"Msvm_GuestServiceInterfaceComponent", "Msvm_HeartbeatComponent", "Msvm_Keyboard",
             "Msvm_KvpExchangeComponent", "Msvm_ShutdownComponent", "Msvm_TimeSyncComponent", "Msvm_VssComponent"}));
  EXPECT_EQ(classes("ASSOCIATORS OF {Msvm_ComputerSystem} WHERE SchemaOnly AssocClass=Msvm_SettingsDefineState "
                    "ResultClass=Msvm_VirtualSystemSettingData"),
            Texts{"Msvm_VirtualSystemSettingData"});
  EXPECT_EQ(classes("REFERENCES OF {Msvm_GuestFileService} WHERE SchemaOnly ResultClass=Msvm_RegisteredGuestService"),
            Texts{"Msvm_RegisteredGuestService"});
}

TEST_F(Queries, RequiredQualifiersAndKeysOnly) {
  const std::string walk = "ASSOCIATORS OF {" + machine_path("alpha") + "} WHERE AssocClass=Msvm_SystemDevice ";
  EXPECT_EQ(query(walk + "RequiredAssocQualifier=Association").size(), devices);
  EXPECT_TRUE(query(walk + "RequiredAssocQualifier=Abstract").empty());
  EXPECT_TRUE(query(walk + "RequiredQualifier=Abstract").empty());
  EXPECT_EQ(query("REFERENCES OF {" + machine_path("alpha") +
                  "} WHERE ResultClass=Msvm_SystemDevice RequiredQualifier=Association")
                .size(),
            devices);
  const auto keys =
      query("ASSOCIATORS OF {" + machine_path("alpha") + "} WHERE AssocClass=Msvm_SettingsDefineState KeysOnly");
  ASSERT_EQ(keys.size(), 1u);
  EXPECT_FALSE(keys[0]["InstanceID"].is_null());
  EXPECT_TRUE(keys[0]["ElementName"].is_null()) << "nothing else was read";
}

}  // namespace
}  // namespace vmms::providers
