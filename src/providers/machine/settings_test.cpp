// Settings of virtual machines as instances: read, modified, created and deleted.
#include "base/text.hpp"
#include "providers/integration/setting_changes.hpp"
#include "testing/test_fleet.hpp"

namespace vmms::providers {
namespace {

using testing::space;

constexpr const char* service = "00000001-FACB-11E6-BD58-64006A7986D3";

class SettingsTest : public testing::Providers {
 protected:
  using Texts = std::vector<std::string>;

  cim::Instance communication(std::string instance_id, std::string name) {
    cim::Instance instance(schema::Msvm_GuestCommunicationServiceSettingData);
    if (!instance_id.empty()) instance.set("InstanceID", std::move(instance_id));
    if (!name.empty()) instance.set("Name", std::move(name));
    return instance;
  }
  cim::ObjectPath in_space(cim::ObjectPath path) {
    path.namespace_name = space;
    return path;
  }
  Texts ids(std::string_view class_name) {
    Texts found;
    for (const auto& instance : all(class_name)) found.push_back(to_text(instance["InstanceID"]));
    return found;
  }
  cim::Instance changes(const cim::Class& cim_class, std::string_view property, cim::Value value) {
    cim::Instance instance(cim_class);
    EXPECT_TRUE(instance.set(property, std::move(value)));
    return instance;
  }
};

TEST_F(SettingsTest, CommunicationServicesAreCreatedChangedAndDeleted) {
  const auto path = manager_.create(context_, space, communication("Microsoft:" + id("alpha"), service));
  ASSERT_TRUE(path) << path.error().message;
  EXPECT_EQ(path->value("InstanceID"), communication_setting_id(id("alpha"), service));
  const auto created = manager_.get(context_, in_space(*path));
  ASSERT_TRUE(created) << created.error().message;
  EXPECT_EQ((*created)["Name"], cim::Value(std::string(service)));
  EXPECT_EQ((*created)["EnabledStatePolicy"], cim::Value(std::uint64_t{2}));
  EXPECT_EQ(host_.machines().find(id("alpha"))->settings.communication_services.size(), 1u);

  EXPECT_EQ(manager_.create(context_, space, communication("microsoft:" + id("alpha"), to_lower(service))).error().kind,
            Failure::already_exists);
  EXPECT_TRUE(manager_.modify(context_, in_space(*path),
                              changes(created->cim_class(), "EnabledStatePolicy", std::uint64_t{8})));
  EXPECT_EQ(manager_.get(context_, in_space(*path)).value()["EnabledStatePolicy"], cim::Value(std::uint64_t{8}));
  // Another one beside it, ascending; then the first goes.
  ASSERT_TRUE(manager_.create(
      context_, space,
      communication(communication_setting_id(id("alpha"), "00000000-FACB-11E6-BD58-64006A7986D3"), {})));
  EXPECT_EQ(ids("Msvm_GuestCommunicationServiceSettingData"),
            (Texts{communication_setting_id(id("alpha"), "00000000-FACB-11E6-BD58-64006A7986D3"),
                   communication_setting_id(id("alpha"), service)}));
  EXPECT_TRUE(manager_.remove(context_, in_space(*path)));
  EXPECT_EQ(ids("Msvm_GuestCommunicationServiceSettingData").size(), 1u);
  EXPECT_EQ(manager_.remove(context_, in_space(*path)).error().kind, Failure::not_found);
}

TEST_F(SettingsTest, CommunicationServicesThatCannotBeAreRefused) {
  const auto refusal = [&](const cim::Instance& instance) {
    return manager_.create(context_, space, instance).error();
  };
  EXPECT_EQ(refusal(communication("", service)).kind, Failure::invalid_argument) << "of which VM?";
  EXPECT_EQ(refusal(communication("Microsoft:" + id("alpha"), "")).kind, Failure::invalid_argument);
  EXPECT_EQ(refusal(communication("Microsoft:" + id("alpha"), "dancing")).kind, Failure::invalid_argument);
  EXPECT_EQ(refusal(communication("Microsoft:00000000-0000-0000-0000-000000000000", service)).kind, Failure::not_found);
  auto policy = communication("Microsoft:" + id("alpha"), service);
  policy.set("EnabledStatePolicy", std::uint64_t{4});
  EXPECT_EQ(refusal(policy).kind, Failure::invalid_argument);
  EXPECT_TRUE(host_.machines().find(id("alpha"))->settings.communication_services.empty());
}

TEST_F(SettingsTest, TheyBelongToTheInterfacesSettings) {
  ASSERT_TRUE(manager_.create(context_, space, communication("Microsoft:" + id("gamma"), service))) << "also while off";
  auto walk = manager_.query(context_, space,
                             "ASSOCIATORS OF {Msvm_GuestServiceInterfaceComponentSettingData.InstanceID='Microsoft:" +
                                 id("gamma") + "\\\\" + std::string(guest_service_interface_id) +
                                 "'} WHERE AssocClass = Msvm_GuestServiceInterfaceSettingDataComponent");
  ASSERT_TRUE(walk) << walk.error().message;
  const auto found = read(*walk->instances, 10);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0]["Name"], cim::Value(std::string(service)));
  EXPECT_EQ(all("Msvm_GuestServiceInterfaceSettingDataComponent").size(), 1u);
}

TEST_F(SettingsTest, MethodsOfTheManagementServiceDoTheSame) {
  const auto add = [&](cim::Instance instance) {
    cim::ObjectPath configuration = settings_path(id("alpha"));
    const cim::Class& management = schema::Msvm_VirtualSystemManagementService;
    cim::Arguments inputs(management.method("AddGuestServiceSettings")->parameters.size());
    inputs[0] = std::make_shared<const cim::ObjectPath>(configuration);
    inputs[1] = cim::Array{std::make_shared<const cim::Instance>(std::move(instance))};
    return call("Msvm_VirtualSystemManagementService.Name=\"vmms\"", "AddGuestServiceSettings", inputs).value();
  };
  const auto added = add(communication("", service));
  EXPECT_EQ(added.return_value, cim::Value(std::uint64_t{0}));
  const auto* resulting = added.outputs[2].get_if<cim::Array>();
  ASSERT_TRUE(resulting);
  const cim::ObjectPath path = **(*resulting)[0].get_if<cim::ObjectPathPtr>();
  EXPECT_EQ(path.value("InstanceID"), communication_setting_id(id("alpha"), service));
  EXPECT_EQ(add(communication("", service)).return_value, cim::Value(std::uint64_t{4096})) << "a job says why";
  cim::Arguments inputs(2);
  inputs[0] = cim::Array{std::make_shared<const cim::ObjectPath>(path)};
  const auto removed = call("Msvm_VirtualSystemManagementService.Name=\"vmms\"", "RemoveGuestServiceSettings", inputs);
  EXPECT_EQ(removed.value().return_value, cim::Value(std::uint64_t{0}));
  EXPECT_TRUE(host_.machines().find(id("alpha"))->settings.communication_services.empty());
}

TEST_F(SettingsTest, KeyValueExchangeIsModified) {
  const auto path = in_space(component_setting_path(id("alpha"), key_value_exchange));
  const auto before = manager_.get(context_, path);
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_EQ((*before)["EnabledState"], cim::Value(std::uint64_t{2}));
  EXPECT_EQ((*before)["DisableHostKVPItems"], cim::Value(false));
  cim::Instance whole = *before;  // as a client that writes back what it got
  whole.set("DisableHostKVPItems", true);
  EXPECT_TRUE(manager_.modify(context_, path, whole));
  EXPECT_EQ(host_.machines().find(id("alpha"))->settings.host_key_values_disabled, true);
  EXPECT_EQ(host_.machines().find(id("alpha"))->settings.key_value_exchange, std::nullopt)
      << "what was not changed was not set";
  const cim::Class& cim_class = before->cim_class();
  EXPECT_TRUE(manager_.modify(context_, path, changes(cim_class, "EnabledState", std::uint64_t{3})));
  EXPECT_EQ(manager_.get(context_, path).value()["EnabledState"], cim::Value(std::uint64_t{3}));
  EXPECT_EQ(manager_.modify(context_, path, changes(cim_class, "EnabledState", std::uint64_t{7})).error().kind,
            Failure::invalid_argument);
  EXPECT_EQ(manager_.modify(context_, path, changes(cim_class, "Weight", std::uint64_t{7})).error().kind,
            Failure::invalid_argument)
      << "it cannot be written, and that is said";
  EXPECT_EQ(manager_.remove(context_, path).error().kind, Failure::not_supported);
  const auto nobody = in_space(component_setting_path("00000000-0000-0000-0000-000000000000", key_value_exchange));
  EXPECT_EQ(manager_.modify(context_, nobody, changes(cim_class, "EnabledState", std::uint64_t{3})).error().kind,
            Failure::not_found);
}

TEST_F(SettingsTest, TheInterfaceIsModifiedToo) {
  const auto path = in_space(component_setting_path(id("gamma"), guest_service_interface));
  const auto instance = manager_.get(context_, path).value();
  EXPECT_TRUE(manager_.modify(context_, path, changes(instance.cim_class(), "EnabledState", std::uint64_t{2})));
  EXPECT_EQ(host_.machines().find(id("gamma"))->settings.guest_service_interface, true);
}

TEST_F(SettingsTest, TheHostIsInTheNamespacesWhereClientsLook) {
  const auto one = [&](std::string_view name, std::string_view class_name) {
    const auto found = all(class_name, 100, {}, name);
    EXPECT_EQ(found.size(), 1u) << class_name;
    return found.at(0);
  };
  EXPECT_EQ(one("root/cimv2", "Win32_ComputerSystem")["DNSHostName"], cim::Value(std::string("HOST1")));
  EXPECT_TRUE(is_guid(to_text(one("root/cimv2", "Win32_ComputerSystemProduct")["UUID"])));
  EXPECT_EQ(one("ROOT\\CIMV2", "CIM_OperatingSystem")["Version"], cim::Value(std::string("1.0.0")));
  EXPECT_FALSE(one("root/cimv2", "Win32_OperatingSystem")["FreePhysicalMemory"].is_null());
  auto processors = manager_.query(context_, "root/cimv2",
                                   "ASSOCIATORS OF {Win32_ComputerSystem.Name='HOST1'} WHERE AssocClass = "
                                   "Win32_ComputerSystemProcessor ResultClass = Win32_Processor");
  ASSERT_TRUE(processors) << processors.error().message;
  EXPECT_EQ(read(*processors->instances, 10).size(), 1u);
  EXPECT_EQ(all("CIM_Namespace", 100, {}, "root/interop").size(), 3u);
  EXPECT_EQ(all("__NAMESPACE", 100, {}, "root/interop").size(), 3u);
  EXPECT_EQ(all("__NAMESPACE", 100, {}, "root/cimv2").size(), 0u);
  EXPECT_EQ(one("root/interop", "CIM_ObjectManager")["Started"], cim::Value(true));
  EXPECT_EQ(all("CIM_NamespaceInManager", 100, {}, "root/interop").size(), 3u);
  const auto mechanism = manager_.find_class("root/interop", "CIM_ObjectManagerCommunicationMechanism");
  ASSERT_TRUE(mechanism) << mechanism.error().message;
  EXPECT_NE((*mechanism)->property("OtherCommunicationMechanismDescription"), nullptr) << "the DMTF's name";
}

}  // namespace
}  // namespace vmms::providers
