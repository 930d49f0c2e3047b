#include "daemon/configuration.hpp"

#include "base/escaped.hpp"
#include "base/shortened.hpp"
#include "hypervisor/simulator/table_reader.hpp"  // toml++ as it is safe to use
#include "wire/http/private_file.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace vmms::daemon {

namespace {

constexpr std::size_t largest_file = 1 << 20;

std::string place_of(const std::string& file, const toml::source_region& where) {
  return fmt::format("{}:{}:{}: ", file, where.begin.line, where.begin.column);
}

// What a person wrote, fit for a line.
std::string shown(std::string_view text) { return escaped(shortened(text, 80)); }

class Reader {
 public:
  Reader(const std::string& file, CLI::App& app, std::map<std::string, std::string, std::less<>>& places)
      : file_(file), app_(app), places_(places) {}

  void read(const toml::table& table) {
    for (const auto& [key, node] : table) read(key, node);
  }

 private:
  [[noreturn]] void fail(const toml::source_region& where, const std::string& what) const {
    throw ConfigurationError(place_of(file_, where) + what);
  }

  void read(const toml::key& key, const toml::node& node) {
    const std::string name(key.str());
    CLI::Option* option = app_.get_option_no_throw("--" + name);
    if (!option || name == "config" || name == "help" || name == "version")
      fail(key.source(),
           fmt::format("there is no key \"{}\"; the keys are the options of vmmsd --help, without the dashes",
                       shown(name)));
    std::vector<std::string> values;
    if (const toml::array* array = node.as_array()) {
      if (option->get_expected_max() <= 1) fail(node.source(), fmt::format("{} takes one value, not a list", name));
      for (const toml::node& element : *array) values.push_back(value_of(name, *option, element));
    } else {
      values.push_back(value_of(name, *option, node));
    }
    places_.emplace(name, place_of(file_, node.source()));
    if (option->count() > 0 || values.empty()) return;  // the command line wins
    try {
      for (const std::string& value : values) option->add_result(value);
      option->run_callback();
    } catch (const CLI::ParseError& problem) {
      fail(node.source(), problem.what());
    }
  }

  std::string value_of(const std::string& name, const CLI::Option& option, const toml::node& node) {
    const bool is_flag = option.get_items_expected_max() == 0;
    const bool is_number = option.get_type_name().starts_with("INT") || option.get_type_name().starts_with("UINT");
    const bool is_size = option.get_type_name().starts_with("UINT:SIZE");
    std::string value;
    if (const auto* flag = node.as_boolean(); flag && is_flag)
      value = flag->get() ? "true" : "false";
    else if (const auto* number = node.as_integer(); number && is_number)
      value = std::to_string(number->get());
    else if (const auto* text = node.as_string(); text && !is_flag && (!is_number || is_size))
      value = text->get();
    else
      fail(node.source(), fmt::format("{} must be {}", name,
                                      is_flag     ? "true or false"
                                      : is_size   ? "a whole number, or text such as \"10G\""
                                      : is_number ? "a whole number"
                                                  : "text in quotation marks"));
    if (value.find('\0') != std::string::npos)  // what is behind it would be cut off
      fail(node.source(), fmt::format("{} has a NUL character", name));
    if (value.empty()) fail(node.source(), fmt::format("{} is empty: leave it out for its default", name));
    places_.emplace(name + ' ' + value, place_of(file_, node.source()));
    return value;
  }

  const std::string& file_;
  CLI::App& app_;
  std::map<std::string, std::string, std::less<>>& places_;
};

/// The line with which a text became invalid in a way that toml++ cannot report.
std::size_t line_of_assertion(std::string_view text) {
  std::vector<std::size_t> ends;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n', end + 1))
    ends.push_back(end + 1);
  ends.push_back(text.size());
  const auto is_reached = [text](std::size_t end) {
    try {
      static_cast<void>(toml::parse(text.substr(0, end)));
    } catch (const toml::parse_error&) {  // the text ends too soon
    } catch (const std::runtime_error&) {
      return true;
    }
    return false;
  };
  const auto first = std::partition_point(ends.begin(), ends.end(), [&](std::size_t end) { return !is_reached(end); });
  return static_cast<std::size_t>(first - ends.begin()) + 1;
}

}  // namespace

void Configuration::apply(const std::string& file, CLI::App& app) {
  const auto content = wire::http::read_protected_file(file, largest_file);
  if (!content) throw ConfigurationError(content.error().message);
  try {
    Reader(file, app, places_).read(toml::parse(*content, file));
  } catch (const toml::parse_error& problem) {
    throw ConfigurationError(place_of(file, problem.source()) + shown(problem.description()));
  } catch (const ConfigurationError&) {
    throw;
  } catch (const std::runtime_error& assertion) {
    throw ConfigurationError(fmt::format("{}:{}:1: {}", file, line_of_assertion(*content), assertion.what()));
  }
}

std::string Configuration::place(std::string_view key, std::string_view value) const {
  if (!value.empty())
    if (const auto found = places_.find(fmt::format("{} {}", key, value)); found != places_.end()) return found->second;
  const auto found = places_.find(key);
  return found == places_.end() ? std::string() : found->second;
}

}  // namespace vmms::daemon
