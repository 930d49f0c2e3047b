// Class -> MOF -> class: what cimgen writes for the MOF that is written from class data is what it wrote before.
#include "cim/mof/from_class.hpp"
#include "cim/mof/parser.hpp"
#include "cim/mof/writer.hpp"
#include "input.hpp"
#include "output.hpp"
#include "schema/classes.hpp"  // the small schema's; that of the classes that are served has the same path

#include <gtest/gtest.h>

namespace vmms::schema {
extern const cim::Schema root_virtualization_v2;
namespace cimv2 {
extern const cim::Schema root_cimv2;
}
namespace interop {
extern const cim::Schema root_interop;
}
}  // namespace vmms::schema

namespace vmms::cimgen {
namespace {

void expect_round_trip(const cim::Schema& constants, const std::vector<std::string>& sources) {
  const auto original = read_schema(sources);
  ASSERT_TRUE(original) << original.error().message;
  const std::string text = cim::mof::write(cim::mof::declarations_of(constants));
  const auto declarations = cim::mof::parse(text, "written.mof");
  ASSERT_TRUE(declarations) << declarations.error().message;
  const auto again = cim::mof::resolve(*declarations);
  ASSERT_TRUE(again) << again.error().message;
  const std::string name(constants.namespace_name);
  const Files expected = generate({*original, name});
  const Files found = generate({*again, name});
  ASSERT_EQ(again->namespace_name, name);
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [path, content] : expected) EXPECT_EQ(found.at(path), content) << path;
}

TEST(RoundTrip, ASmallSchemaWithEveryType) {
  expect_round_trip(schema::root_test, {VMMS_SOURCE_DIR "/tools/cimgen/golden/schema"});
}

TEST(RoundTrip, TheClassesThatAreServed) {
  const std::string folder = VMMS_SOURCE_DIR "/schema/";
  expect_round_trip(schema::root_virtualization_v2,
                    {folder + "qualifiers.mof", folder + "wmi", folder + "cim", folder + "msvm", folder + "vmms"});
  expect_round_trip(schema::cimv2::root_cimv2, {folder + "qualifiers.mof", folder + "wmi", folder + "cimv2"});
  expect_round_trip(schema::interop::root_interop,
                    {folder + "qualifiers.mof", folder + "wmi", folder + "cim", folder + "interop"});
}

}  // namespace
}  // namespace vmms::cimgen
