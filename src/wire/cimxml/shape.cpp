#include "wire/cimxml/shape.hpp"

#include "wire/xml/characters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string_view>

namespace vmms::wire::cimxml {

namespace {

constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();

struct Shape {
  std::string_view name;
  std::string_view attributes;  ///< that it needs, separated by spaces
  std::string_view children;    ///< that it may have, likewise
  std::size_t least = 0;        ///< of the children
  std::size_t most = any_number;
  bool text = false;
};

// Sorted by name.
constexpr Shape shapes[] = {
    {"CIM", "CIMVERSION DTDVERSION", "MESSAGE", 1, 1},
    {"CLASS", "NAME", "QUALIFIER PROPERTY PROPERTY.ARRAY PROPERTY.REFERENCE METHOD"},
    {"CLASSNAME", "NAME", "", 0, 0},
    {"CLASSPATH", "", "NAMESPACEPATH CLASSNAME", 2, 2},
    {"CORRELATOR", "NAME TYPE", "VALUE", 1, 1},
    {"HOST", "", "", 0, 0, true},
    {"IMETHODCALL", "NAME", "LOCALNAMESPACEPATH IPARAMVALUE", 1},
    {"INSTANCE", "CLASSNAME", "QUALIFIER PROPERTY PROPERTY.ARRAY PROPERTY.REFERENCE"},
    {"INSTANCENAME", "CLASSNAME", "KEYBINDING KEYVALUE VALUE.REFERENCE"},
    {"INSTANCEPATH", "", "NAMESPACEPATH INSTANCENAME", 2, 2},
    {"IPARAMVALUE", "NAME",
     "VALUE VALUE.ARRAY VALUE.REFERENCE CLASSNAME INSTANCENAME QUALIFIER.DECLARATION CLASS INSTANCE "
     "VALUE.NAMEDINSTANCE",
     0, 1},
    {"KEYBINDING", "NAME", "KEYVALUE VALUE.REFERENCE", 1, 1},
    {"KEYVALUE", "", "", 0, 0, true},
    {"LOCALCLASSPATH", "", "LOCALNAMESPACEPATH CLASSNAME", 2, 2},
    {"LOCALINSTANCEPATH", "", "LOCALNAMESPACEPATH INSTANCENAME", 2, 2},
    {"LOCALNAMESPACEPATH", "", "NAMESPACE", 1},
    {"MESSAGE", "ID PROTOCOLVERSION", "SIMPLEREQ MULTIREQ", 1, 1},
    {"METHOD", "NAME", "QUALIFIER PARAMETER PARAMETER.ARRAY PARAMETER.REFERENCE PARAMETER.REFARRAY"},
    {"METHODCALL", "NAME", "LOCALCLASSPATH LOCALINSTANCEPATH PARAMVALUE", 1},
    {"MULTIREQ", "", "SIMPLEREQ", 2},
    {"NAMESPACE", "NAME", "", 0, 0},
    {"NAMESPACEPATH", "", "HOST LOCALNAMESPACEPATH", 2, 2},
    {"PARAMETER", "NAME TYPE", "QUALIFIER"},
    {"PARAMETER.ARRAY", "NAME TYPE", "QUALIFIER"},
    {"PARAMETER.REFARRAY", "NAME", "QUALIFIER"},
    {"PARAMETER.REFERENCE", "NAME", "QUALIFIER"},
    {"PARAMVALUE", "NAME",
     "VALUE VALUE.ARRAY VALUE.REFERENCE VALUE.REFARRAY CLASSNAME INSTANCENAME CLASS INSTANCE VALUE.NAMEDINSTANCE", 0,
     1},
    {"PROPERTY", "NAME TYPE", "QUALIFIER VALUE"},
    {"PROPERTY.ARRAY", "NAME TYPE", "QUALIFIER VALUE.ARRAY"},
    {"PROPERTY.REFERENCE", "NAME", "QUALIFIER VALUE.REFERENCE"},
    {"QUALIFIER", "NAME TYPE", "VALUE VALUE.ARRAY", 0, 1},
    {"QUALIFIER.DECLARATION", "NAME TYPE", "SCOPE VALUE VALUE.ARRAY", 0, 2},
    {"SCOPE", "", "", 0, 0},
    {"SIMPLEREQ", "", "CORRELATOR IMETHODCALL METHODCALL", 1},
    {"VALUE", "", "", 0, 0, true},
    {"VALUE.ARRAY", "", "VALUE VALUE.NULL"},
    {"VALUE.NAMEDINSTANCE", "", "INSTANCENAME INSTANCE", 2, 2},
    {"VALUE.NULL", "", "", 0, 0},
    {"VALUE.REFARRAY", "", "VALUE.REFERENCE VALUE.NULL"},
    {"VALUE.REFERENCE", "", "CLASSPATH LOCALCLASSPATH CLASSNAME INSTANCEPATH LOCALINSTANCEPATH INSTANCENAME", 1, 1},
};
static_assert(std::is_sorted(std::begin(shapes), std::end(shapes),
                             [](const Shape& left, const Shape& right) { return left.name < right.name; }));

const Shape* find_shape(std::string_view name) {
  const auto found = std::lower_bound(std::begin(shapes), std::end(shapes), name,
                                      [](const Shape& shape, std::string_view wanted) { return shape.name < wanted; });
  return found != std::end(shapes) && found->name == name ? &*found : nullptr;
}

/// Takes the first word off a list.
std::string_view next_word(std::string_view& words) {
  const std::string_view word = words.substr(0, words.find(' '));
  words.remove_prefix(std::min(words.size(), word.size() + 1));
  return word;
}

bool contains(std::string_view words, std::string_view wanted) {
  while (!words.empty())
    if (next_word(words) == wanted) return true;
  return false;
}

Error wrong(std::string message) { return error(Failure::invalid_argument, std::move(message)); }

// Recursion is bounded by the depth that the XML reader allows.
Status check(const xml::Element& element, const Shape& shape) {
  for (std::string_view rest = shape.attributes; !rest.empty();)
    if (const std::string_view name = next_word(rest); !element.attribute({}, name))
      return wrong(fmt::format("{} has no {}", shape.name, name));
  if (!shape.text && !xml::trim(element.text()).empty())
    return wrong(fmt::format("there is text inside {}", shape.name));
  std::size_t number = 0;
  for (const xml::Element child : element.children()) {
    const Shape* inner = find_shape(child.name());
    if (!child.namespace_uri().empty() || !inner || !contains(shape.children, child.name()))
      return wrong(fmt::format("{:.100} cannot stand in {}", child.name(), shape.name));
    ++number;
    if (auto status = check(child, *inner); !status) return status;
  }
  if (number < shape.least) return wrong(fmt::format("something is missing in {}", shape.name));
  if (number > shape.most) return wrong(fmt::format("there is too much in {}", shape.name));
  return {};
}

}  // namespace

Status check_shape(const xml::Element& root) {
  if (root.name() != "CIM" || !root.namespace_uri().empty())
    return wrong(fmt::format("the document is {:.100}, not CIM", root.name()));
  return check(root, *find_shape("CIM"));
}

}  // namespace vmms::wire::cimxml
