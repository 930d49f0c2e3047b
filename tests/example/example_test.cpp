// The class that docs/providers.md shows: built from the page (CMakeLists.txt), asked on a simulated fleet.
#include "schema/example/classes.hpp"
#include "schema/example/providers.hpp"
#include "testing/test_fleet.hpp"

namespace vmms::providers {
namespace {

constexpr const char* example = "root/example";

class Example : public testing::Providers {
 protected:
  Example() {
    manager_.add_schema(schema::example::root_example);
    schema::example::add_providers(manager_, environment_);
  }
  Result<cim::MethodResult> has_at_least(const std::string& machine, const cim::Value& bytes) {
    const auto path = cim::ObjectPath::parse("root/example:Vmms_MemoryReport.SystemName=\"" + machine + "\"");
    return manager_.invoke(context_, path.value(), "HasAtLeast", {bytes, cim::Value()});
  }
};

TEST_F(Example, EachVirtualMachineHasAnInstance) {
  const auto found = all("Vmms_MemoryReport", 100, {}, example);
  ASSERT_EQ(found.size(), 4U);
  for (const cim::Instance& each : found) {
    const auto machine = host_.machines().find(to_text(each["SystemName"]));
    ASSERT_TRUE(machine);
    EXPECT_EQ(each["Bytes"], cim::Value(machine->memory_bytes));
    EXPECT_EQ(each["Size"], cim::Value(std::uint64_t{machine->memory_bytes < (1U << 30) ? 1U : 2U}));
  }
  EXPECT_EQ(all("Vmms_MemoryReport", 100, {{"SystemName", id("beta")}}, example).size(), 1U);
}

TEST_F(Example, ItsMethodAnswers) {
  const std::uint64_t bytes = host_.machines().find(id("alpha"))->memory_bytes;
  const auto enough = has_at_least(id("alpha"), cim::Value(bytes));
  ASSERT_TRUE(enough) << enough.error().message;
  EXPECT_EQ(enough->return_value, cim::Value(std::uint64_t{0}));
  EXPECT_EQ(enough->outputs.at(1), cim::Value(true));
  const auto nothing = has_at_least(id("alpha"), cim::Value());
  ASSERT_TRUE(nothing) << nothing.error().message;
  EXPECT_EQ(nothing->return_value, cim::Value(std::uint64_t{4}));
  EXPECT_EQ(has_at_least("nobody", cim::Value()).error().kind, Failure::not_found);
}

}  // namespace
}  // namespace vmms::providers
