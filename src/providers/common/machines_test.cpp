#include "providers/common/machines.hpp"

#include "base/text.hpp"

#include <gtest/gtest.h>

namespace vmms::providers {
namespace {

constexpr std::string_view id = "A1576C71-F505-4D1B-9B78-2CFD971B0F31";

TEST(InstanceId, NamesItsMachine) {
  EXPECT_EQ(machine_of_instance_id("Microsoft:A1576C71-F505-4D1B-9B78-2CFD971B0F31"), id);
  EXPECT_EQ(machine_of_instance_id(setting_instance_id(id, guest_service_interface_id)), id);
  EXPECT_EQ(machine_of_instance_id("microsoft:A1576C71-F505-4D1B-9B78-2CFD971B0F31\\x"), id);
  for (const char* text : {"", "Microsoft:", "A1576C71-F505-4D1B-9B78-2CFD971B0F31",
                           "Microsoft:A1576C71-F505-4D1B-9B78-2CFD971B0F311", "Microsoft:Definition\\x\\Default"})
    EXPECT_EQ(machine_of_instance_id(text), "") << text;
}

TEST(InstanceId, OfTheInterfaceIsRecognised) {
  EXPECT_TRUE(is_setting_of(guest_service_interface,
                            "Microsoft:a1576c71-f505-4d1b-9b78-2cfd971b0f31\\6c09bb55-d683-4da0-8931-c9bf705f6480"));
  EXPECT_FALSE(is_setting_of(guest_service_interface, "Microsoft:A1576C71-F505-4D1B-9B78-2CFD971B0F31"));
  EXPECT_FALSE(is_setting_of(guest_service_interface,
                             "Microsoft:A1576C71-F505-4D1B-9B78-2CFD971B0F31\\84EAAE65-2F2E-45F5-9BB5-0E857DC8EB47"));
}

TEST(MachineOf, KnowsPathsOfEveryKind) {
  const std::string lower = to_lower(id);
  cim::ObjectPath system;
  system.class_name = "msvm_computersystem";
  system.keys = {{"Name", lower, {}}};
  EXPECT_EQ(machine_of(system), id);
  for (const auto& path : {computer_system_path(id), settings_path(id), component_path(id, guest_service_interface),
                           component_setting_path(id, guest_service_interface)})
    EXPECT_EQ(machine_of(path), id) << path.to_string();
  cim::job::Job job;
  job.id = "x";
  EXPECT_EQ(machine_of(job_path(job)), "");
}

TEST(GuestDeadline, LeavesTimeForTheAnswer) {
  cim::Context context;
  const auto now = guest::Clock::now();
  context.deadline = now + std::chrono::seconds(10);
  EXPECT_LT(guest_deadline(context), context.deadline);
  EXPECT_GT(guest_deadline(context), now + std::chrono::seconds(9));
  context.deadline = cim::Context::Clock::time_point::max();
  EXPECT_LT(guest_deadline(context), now + std::chrono::minutes(2));
}

}  // namespace
}  // namespace vmms::providers
