#include "names.hpp"

#include <gtest/gtest.h>

namespace vmms::cimgen {
namespace {

TEST(Names, MembersAreInSnakeCase) {
  for (const auto& [cim, cpp] : std::initializer_list<std::pair<const char*, const char*>>{
           {"OSName", "os_name"},
           {"InstanceID", "instance_id"},
           {"GuestOSService", "guest_os_service"},
           {"CollectionOfMSEs", "collection_of_mses"},
           {"ConcreteIDsList", "concrete_ids_list"},
           {"Synthetic3DService", "synthetic3d_service"},
           {"PS2Mouse", "ps2_mouse"},
           {"Vtl2AddressRangeBase", "vtl2_address_range_base"},
           {"VMBusMessageRedirection", "vm_bus_message_redirection"},
           {"BIOSGUID", "biosguid"},
           {"AllowFullSCSICommandSet", "allow_full_scsi_command_set"},
           {"Name", "name"},
           {"DVDDrive", "dvd_drive"}}) {
    EXPECT_EQ(snake_case(cim), cpp);
  }
  EXPECT_EQ(member_name("Default"), "default_");
  EXPECT_EQ(member_name("Key"), "key_");
}

TEST(Names, ClassesHaveANamespaceAndAHeader) {
  EXPECT_EQ(header_path({}, "Msvm_GuestFileService"), "schema/Msvm_GuestFileService.hpp");
  EXPECT_EQ(qualified_name({}, "Vmms_GuestOSService"), "::vmms::schema::vmms::GuestOSService");
  const Place place = place_within("cimv2");
  EXPECT_EQ(header_path(place, "Win32_OperatingSystem"), "schema/cimv2/Win32_OperatingSystem.hpp");
  EXPECT_EQ(qualified_name(place, "Win32_OperatingSystem"), "::vmms::schema::cimv2::win32::OperatingSystem");
  EXPECT_EQ(header_path({}, "__NAMESPACE"), "schema/__NAMESPACE.hpp");
  EXPECT_EQ(constant_name("__NAMESPACE"), "wmi_NAMESPACE");
  EXPECT_EQ(schema_name("root/virtualization/v2"), "root_virtualization_v2");
}

TEST(Names, EnumeratorsComeFromPlainNumbersOnly) {
  const auto found = enumerators({{"0", "Not Available"},
                                  {"1", "New"},
                                  {"2", "Degraded/Warning"},
                                  {"3", "3rd"},
                                  {"4..7", "Reserved"},
                                  {"..", "Vendor"},
                                  {"8", "-"},
                                  {"9", "Same"},
                                  {"10", "Same"}},
                                 cim::Type::uint16);
  std::string names;
  for (const Enumerator& each : found) names += each.name + "=" + each.value + " ";
  EXPECT_EQ(names, "not_available=0 new_=1 degraded_warning=2 value_3rd=3 same_9=9 same_10=10 ");
  EXPECT_TRUE(enumerators({{"OK", "Fine"}}, cim::Type::string).empty());
}

TEST(Names, TextIsQuotedForCpp) {
  EXPECT_EQ(quoted("a\"b\\c\n"), R"("a\"b\\c\012")");
  EXPECT_EQ(quoted("\xC3\xBC"
                   "1"),
            R"("\303\2741")");
}

}  // namespace
}  // namespace vmms::cimgen
