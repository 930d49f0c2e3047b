// Any text: a path or an error. What is read must be written as it was, and names what it says.
#include "cim/naming.hpp"
#include "cim/object_path.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

constexpr vmms::cim::Property properties[] = {
    {.name = "A", .is_key = true},
    {.name = "B", .type = vmms::cim::Type::reference, .is_key = true, .object_class = "X"},
    {.name = "C", .type = vmms::cim::Type::uint16, .is_key = true},
};
constexpr std::uint16_t all_keys[] = {0, 1, 2};
constexpr std::uint16_t only_key[] = {0};
constexpr vmms::cim::Class several{.name = "X", .properties = properties, .keys = all_keys, .methods = {}};
constexpr vmms::cim::Class one{.name = "Y", .properties = properties, .keys = only_key, .methods = {}};
constexpr const vmms::cim::Class* classes[] = {&several, &one};
constexpr vmms::cim::Schema schema{"root/test", classes};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vmms::cim;
  const auto path = ObjectPath::parse(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!path) return 0;
  const std::string text = path->to_string();
  if (text.ends_with("…")) return 0;  // too long to be written
  const auto again = ObjectPath::parse(text);
  if (!again || !same_object(*path, *again) || again->namespace_name != path->namespace_name) std::abort();
  for (const Class* cim_class : classes) {
    ObjectPath completed = *path;
    if (!complete_keys(completed.keys, *cim_class)) continue;
    completed.class_name = cim_class->name;
    static_cast<void>(names_object(*path, completed, {"HOST", "root/test", &schema}));
    if (!complete_keys(completed.keys, *cim_class)) std::abort();  // once is enough
  }
  return 0;
}
