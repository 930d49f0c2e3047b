// Any text: a statement or an error. What is read is compared with instances, too.
#include "cim/wql/filter.hpp"
#include "cim/wql/parser.hpp"

#include <cstdint>
#include <string_view>

namespace {

using vmms::cim::Type;
constexpr vmms::cim::Property properties[] = {
    {.name = "Array", .type = Type::uint16, .is_array = true},
    {.name = "Date", .type = Type::datetime},
    {.name = "Flag", .type = Type::boolean},
    {.name = "Name", .type = Type::string, .is_key = true},
    {.name = "Number", .type = Type::sint64},
    {.name = "Path", .type = Type::reference},
    {.name = "Real", .type = Type::real64},
};
constexpr std::uint16_t keys[] = {3};
constexpr vmms::cim::Class test_class{.name = "Test", .properties = properties, .keys = keys, .methods = {}};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vmms::cim;
  const auto statement = wql::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!statement) return 0;
  const auto* select = std::get_if<wql::Select>(&*statement);
  if (!select || !select->where) return 0;
  const auto filter = wql::Filter::compile(*select->where, test_class, {"HOST", "root/test"});
  if (!filter) return 0;
  Instance instance(test_class);
  static_cast<void>(filter->matches(instance));
  instance.set("Name", std::string(data, data + size));
  instance.set("Number", std::int64_t{-1});
  instance.set("Real", 0.5);
  instance.set("Flag", true);
  instance.set("Date", DateTime());
  static_cast<void>(filter->matches(instance));
  return 0;
}
