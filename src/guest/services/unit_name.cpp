#include "guest/services/unit_name.hpp"

#include "guest/agent/printable.hpp"

#include <algorithm>
#include <array>

namespace vmms::guest {

namespace {

constexpr std::size_t longest_name = 255;
constexpr std::string_view service_suffix = ".service";
constexpr std::array<std::string_view, 10> other_suffixes{".socket", ".device", ".mount", ".automount", ".swap",
                                                          ".target", ".path",   ".timer", ".slice",     ".scope"};

bool is_unit_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view(":-_.\\@").find(c) != std::string_view::npos;
}

// Why a name that ends in ".service" is no name of a service; empty when it is one.
std::string_view complaint(std::string_view name) {
  const std::string_view prefix = name.substr(0, name.size() - service_suffix.size());
  if (prefix.empty() || prefix.front() == '@') return "it has no name before its suffix";
  if (name.size() > longest_name) return "the name is longer than 255 bytes";
  if (name.front() == '-') return "a name does not start with '-'";
  if (!std::all_of(name.begin(), name.end(), is_unit_character))
    return "a unit's name has only ASCII letters, digits and the characters :-_.\\@";
  if (prefix.back() == '@' && prefix.find('@') == prefix.size() - 1)
    return "it is a template: name an instance, with text between '@' and \".service\"";
  return {};
}

}  // namespace

Result<std::string> service_unit_name(std::string_view name) {
  std::string_view reason;
  std::string full(name.substr(0, 4 * longest_name));
  const auto has_suffix = [&](std::string_view suffix) { return name.ends_with(suffix); };
  if (name.empty()) {
    reason = "the name is empty";
  } else if (std::any_of(other_suffixes.begin(), other_suffixes.end(), has_suffix)) {
    reason = "it names another kind of unit, and only services are started and stopped here";
  } else {
    if (!name.ends_with(service_suffix)) full += service_suffix;
    reason = complaint(full);
  }
  if (reason.empty()) return full;
  return error(Failure::not_found, "no service \"" + printable(name, longest_name) + "\": " + std::string(reason));
}

bool is_service_unit_name(std::string_view name) { return name.ends_with(service_suffix) && complaint(name).empty(); }

bool is_service_template(std::string_view name) {
  return name.ends_with("@.service") && name.find('@') == name.size() - std::string_view("@.service").size() &&
         name.size() > std::string_view("@.service").size() && name.size() <= longest_name && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), is_unit_character);
}

}  // namespace vmms::guest
