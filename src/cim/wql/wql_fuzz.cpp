// Any text: a statement or an error. What is read is compared with instances, too.
#include "cim/wql/filter.hpp"
#include "cim/wql/parser.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace {

using vmms::cim::Type;
constexpr vmms::cim::Property properties[] = {
    {.name = "Array", .type = Type::uint16, .is_array = true},
    {.name = "Date", .type = Type::datetime},
    {.name = "Flag", .type = Type::boolean},
    {.name = "Inner", .type = Type::instance},
    {.name = "Name", .type = Type::string, .is_key = true},
    {.name = "Number", .type = Type::sint64},
    {.name = "Path", .type = Type::reference},
    {.name = "Real", .type = Type::real64},
};
constexpr std::uint16_t keys[] = {4};
constexpr vmms::cim::Class test_class{.name = "Test", .properties = properties, .keys = keys, .methods = {}};
constexpr const vmms::cim::Class* classes[] = {&test_class};
constexpr vmms::cim::Schema schema{"root/test", classes};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vmms::cim;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto language : {wql::Language::cql, wql::Language::wql}) {
    const auto statement = wql::parse(text, language);
    if (!statement) continue;
    const auto* select = std::get_if<wql::Select>(&*statement);
    if (!select || !select->where) continue;
    auto filter = wql::Filter::compile(*select->where, test_class, {"HOST", "root/test", &schema});
    if (!filter) continue;
    Instance instance(test_class);
    static_cast<void>(filter->matches(instance));
    instance.set("Name", std::string(text));
    instance.set("Number", std::int64_t{-1});
    instance.set("Real", 0.5);
    instance.set("Flag", true);
    instance.set("Date", DateTime());
    instance.set("Path", std::make_shared<const ObjectPath>(Instance(instance).path()));
    instance.set("Inner", std::make_shared<const Instance>(instance));
    static_cast<void>(filter->matches(instance));
    filter->find_paths([](const ObjectPath&, const Class*) { return std::optional<ObjectPath>(); });
    static_cast<void>(filter->matches(instance));
  }
  return 0;
}
