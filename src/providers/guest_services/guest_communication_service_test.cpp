// Guest communication services: what is registered, and the vsock ports that they stand for.
#include "providers/guest_services/vsock_port.hpp"
#include "providers/integration/setting_changes.hpp"
#include "testing/test_fleet.hpp"

namespace vmms::providers {
namespace {

constexpr const char* mapped = "00000BB8-FACB-11E6-BD58-64006A7986D3";  // port 3000
constexpr const char* other = "5A6CDE2B-9A2F-4C5B-8E6D-0D1B4A0A1C11";

using Policy = hypervisor::Settings::CommunicationService::Policy;

TEST(VsockPort, OfLinuxTemplateOnly) {
  EXPECT_EQ(vsock_port(mapped), 3000U);
  EXPECT_EQ(vsock_port("ffffffff-facb-11e6-bd58-64006a7986d3"), 0xFFFFFFFFU);
  EXPECT_EQ(vsock_port(other), std::nullopt);
  EXPECT_EQ(vsock_port("xxxxxxxx-facb-11e6-bd58-64006a7986d3"), std::nullopt);
  EXPECT_EQ(vsock_port(""), std::nullopt);
}

class GuestCommunicationService : public testing::Providers {
 protected:
  void allow(std::string_view vm, std::vector<hypervisor::Settings::CommunicationService> services) {
    ASSERT_TRUE(host_.machines().change_settings(
        id(vm), [&](hypervisor::Settings& settings) { settings.communication_services = services; }));
  }
  std::string path(std::string_view vm, std::string_view service) {
    return R"(Msvm_GuestCommunicationService.CreationClassName="Msvm_GuestCommunicationService",Name=")" +
           std::string(service) + R"(",SystemCreationClassName="Msvm_ComputerSystem",SystemName=")" + id(vm) + "\"";
  }
  std::uint64_t answer(std::string_view vm, std::string_view service, std::string_view method) {
    const auto result = call(path(vm, service), method);
    EXPECT_TRUE(result) << result.error().message;
    return *result->return_value.get_if<std::uint64_t>();
  }
  cim::Instance get(std::string_view vm, std::string_view service) {
    return manager_.get(context_, cim::ObjectPath::parse(std::string(testing::space) + ":" + path(vm, service)).value())
        .value();
  }
  std::string text(const cim::Instance& instance) {
    return to_text(instance["StatusDescriptions"].get_if<cim::Array>()->at(0));
  }
};

TEST_F(GuestCommunicationService, IsTheVsockPortOfItsGuid) {
  allow("alpha", {{mapped, Policy::enabled}, {other, Policy::enabled}});
  EXPECT_EQ(all("Msvm_GuestCommunicationService").size(), 2u);
  const auto instance = get("alpha", mapped);
  EXPECT_EQ(instance["Started"], cim::Value(true));
  EXPECT_EQ(text(instance), "OK: vsock port 3000 of context 5");
  EXPECT_EQ(get("alpha", other)["Started"], cim::Value(false));
  EXPECT_EQ(answer("alpha", mapped, "StopService"), 0u);
  EXPECT_EQ(host_.machines().find(id("alpha"))->settings.communication_services.at(0).policy, Policy::disabled);
  EXPECT_EQ(get("alpha", mapped)["Started"], cim::Value(false));
  EXPECT_EQ(answer("alpha", mapped, "StartService"), 0u);
  EXPECT_EQ(get("alpha", mapped)["Started"], cim::Value(true));
  EXPECT_EQ(answer("alpha", other, "StartService"), 1u) << "no port";
}

TEST_F(GuestCommunicationService, IsNotSupportedWhereThereIsNoDevice) {
  allow("beta", {{mapped, Policy::enabled}});
  EXPECT_EQ(answer("beta", mapped, "StartService"), 1u);
  EXPECT_NE(text(get("beta", mapped)).find("no vsock device"), std::string::npos);
  EXPECT_EQ(call(path("beta", other), "StartService").error().kind, Failure::not_found);
  ASSERT_TRUE(
      host_.machines().change_settings(id("beta"), [](auto& settings) { settings.guest_service_interface = false; }));
  EXPECT_TRUE(all("Msvm_GuestCommunicationService").empty());
  EXPECT_EQ(answer("beta", mapped, "StartService"), 1u) << "the interface is off";
}

TEST_F(GuestCommunicationService, PagesOfAnySizeGiveTheSame) {
  for (const char* vm : {"alpha", "beta", "delta"}) allow(vm, {{mapped, Policy::enabled}, {other, Policy::disabled}});
  EXPECT_EQ(all("Msvm_GuestCommunicationService", 1).size(), 6u);
  EXPECT_EQ(all("Msvm_GuestCommunicationService", 4).size(), 6u);
}

}  // namespace
}  // namespace vmms::providers
