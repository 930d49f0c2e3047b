#include "cli/verbs.hpp"

#include "base/nearest.hpp"
#include "base/text.hpp"
#include "cli/text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace vmms::cli {

namespace {

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> verb_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* verb : verbs_of(app)) names.push_back(verb->get_name());
  return names;
}

// The option that the word names, here or of the verbs above; nullptr: none.
const CLI::Option* find_option(const CLI::App* app, const std::string& word) {
  for (; app != nullptr; app = app->get_parent())
    if (const CLI::Option* option = app->get_option_no_throw(word)) return option;
  return nullptr;
}

std::string path_of(const CLI::App& app) {
  return app.get_parent() == nullptr ? app.get_name() : path_of(*app.get_parent()) + " " + app.get_name();
}

const CLI::App& verb_given(const CLI::App& app) {
  const auto verbs = app.get_subcommands();
  return verbs.empty() ? app : verb_given(*verbs.front());
}

/// Its name in other programs.
struct Synonym {
  std::string_view verbs;  ///< below which it stands
  std::string_view word;
  std::string_view ours;
};
constexpr Synonym synonyms[] = {
    {"vmms", "help", "vmms --help"},
    {"vmms", "version", "vmms --version"},
    {"vmms", "cp", "vmms copy"},
    {"vmms", "scp", "vmms copy"},
    {"vmms", "status", "vmms vm list, vmms guest show VM, vmms doctor VM"},
    {"vmms vm", "restart", "vmms vm shutdown VM --reboot, vmms vm reset VM"},
    {"vmms vm", "reboot", "vmms vm shutdown VM --reboot, vmms vm reset VM"},
    {"vmms vm", "resume", "vmms vm start VM"},
    {"vmms vm", "restore", "vmms vm start VM"},
    {"vmms vm", "unpause", "vmms vm start VM"},
    {"vmms vm", "suspend", "vmms vm pause VM"},
    {"vmms vm", "poweroff", "vmms vm stop VM"},
    {"vmms vm", "destroy", "vmms vm stop VM"},
    {"vmms vm", "kill", "vmms vm stop VM"},
    {"vmms vm", "off", "vmms vm stop VM"},
    {"vmms vm", "on", "vmms vm start VM"},
    {"vmms vm", "status", "vmms vm show VM"},
    {"vmms vm", "info", "vmms vm show VM"},
    {"vmms vm", "get", "vmms vm show VM"},
    {"vmms guest", "status", "vmms guest show VM"},
    {"vmms guest", "on", "vmms guest enable VM"},
    {"vmms guest", "off", "vmms guest disable VM"},
    {"vmms service", "status", "vmms service show VM NAME"},
    {"vmms service", "get", "vmms service show VM NAME"},
    {"vmms service", "logs", "vmms service show VM NAME"},
    {"vmms service", "reload", "vmms service restart VM NAME"},
    {"vmms service", "enable", "vmms service mode VM NAME automatic"},
    {"vmms service", "disable", "vmms service mode VM NAME manual"},
    {"vmms service", "mask", "vmms service mode VM NAME disabled"},
    {"vmms kvp", "get", "vmms kvp list VM"},
    {"vmms kvp", "show", "vmms kvp list VM"},
    {"vmms kvp", "add", "vmms kvp set VM NAME VALUE"},
    {"vmms kvp", "delete", "vmms kvp remove VM NAME"},
    {"vmms kvp", "unset", "vmms kvp remove VM NAME"},
    {"vmms user", "delete", "vmms user remove NAME --users FILE"},
    {"vmms user", "passwd", "vmms user add NAME --users FILE"},
};

Error unknown_verb(const CLI::App& app, const std::string& word) {
  const std::vector<std::string> names = verb_names(app);
  std::string text = fmt::format("{} has no verb \"{}\"", path_of(app), printable(word));
  const std::string path = path_of(app);
  for (const Synonym& each : synonyms)
    if (each.verbs == path && each.word == word)
      return error(Failure::invalid_argument,
                   fmt::format("{}; did you mean: {} (see {} --help)", text, each.ours, path));
  const std::string near = nearest(word, names);
  // What is a verb of another, such as `list`.
  std::string elsewhere;
  if (near.empty())
    for (const CLI::App* other : verbs_of(app))
      for (const std::string& name : verb_names(*other))
        if (name == word) elsewhere += fmt::format("{}{} {}", elsewhere.empty() ? "" : ", ", path_of(*other), name);
  if (!near.empty())
    text += fmt::format("; did you mean: {} {}", path_of(app), near);
  else if (!elsewhere.empty())
    text += fmt::format("; did you mean: {}", elsewhere);
  else
    text += fmt::format("; it has: {}", fmt::join(names, ", "));
  return error(Failure::invalid_argument, fmt::format("{} (see {} --help)", text, path_of(app)));
}

}  // namespace

Status check_verbs(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* verb = &app;
  for (std::size_t i = 0; i < arguments.size() && !verbs_of(*verb).empty(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--help" || word == "-h" || word == "--version") return {};
    if (word.size() > 1 && word.front() == '-') {
      const CLI::Option* option = find_option(verb, word.substr(0, word.find('=')));
      if (option == nullptr) return {};  // the parser says which
      if (option->get_items_expected_max() > 0 && word.find('=') == std::string::npos) ++i;
      continue;
    }
    const auto known = verbs_of(*verb);
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const CLI::App* each) { return each->get_name() == word; });
    if (found == known.end()) return unknown_verb(*verb, word);
    verb = *found;
  }
  if (verbs_of(*verb).empty()) return {};
  return error(Failure::invalid_argument, fmt::format("{0} needs a verb: {1} (see {0} --help)", path_of(*verb),
                                                      fmt::join(verb_names(*verb), ", ")));
}

std::string unknown_option(const CLI::App& app, const std::string& option) {
  const CLI::App& verb = verb_given(app);
  std::vector<std::string> names;
  for (const CLI::App* each = &verb; each != nullptr; each = each->get_parent())
    for (const CLI::Option* known : each->get_options())
      for (const std::string& name : known->get_lnames()) names.push_back("--" + name);
  const std::string word = option.substr(0, option.find('='));
  const std::string near = word.size() > 2 ? nearest(word, names) : std::string();
  return fmt::format("{} has no option {}{} A name that begins with a dash stands behind --: {} ... -- {}",
                     path_of(verb), printable(word), near.empty() ? "." : fmt::format("; did you mean {}?", near),
                     path_of(verb), printable(option));
}

std::string command_given(const CLI::App& app) { return path_of(verb_given(app)); }

std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& mistake) {
  const CLI::App& verb = verb_given(app);
  // A word that only looks like an option explains what else is missing.
  const std::vector<std::string> extras = app.remaining(true);
  const auto option = std::find_if(extras.begin(), extras.end(), [](const std::string& extra) {
    return extra.size() > 1 && extra.front() == '-' && extra != "--";
  });
  if (option != extras.end()) return unknown_option(app, *option);
  if (!extras.empty())
    return fmt::format("{} has no place for \"{}\"; a value with spaces in it stands in quotes", path_of(verb),
                       printable(extras.front()));
  if (dynamic_cast<const CLI::RequiredError*>(&mistake) != nullptr)
    for (const CLI::Option* needed : verb.get_options())
      if (needed->get_required() && needed->count() == 0)
        return fmt::format("{} needs {}: {}", path_of(verb), needed->get_name(), needed->get_description());
  const std::string text = mistake.what();
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&mistake) == nullptr) return text;
  const CLI::Option* with_too_few = find_option(&verb, text.substr(0, text.find(':')));
  if (with_too_few == nullptr) return text;
  if (with_too_few->get_positional())
    return fmt::format("{} needs {} {} at least: {}", path_of(verb), with_too_few->get_items_expected_min(),
                       with_too_few->get_name(), with_too_few->get_description());
  return fmt::format("{} needs a value: {}", with_too_few->get_name(), with_too_few->get_type_name());
}

CLI::Validator whole_number(unsigned least, unsigned most) {
  return CLI::Validator(
      [least, most](const std::string& text) {
        unsigned number = 0;
        const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool fits = problem == std::errc() && end == text.data() + text.size() && !text.empty();
        return fits && number >= least && number <= most
                   ? std::string()
                   : fmt::format("a whole number from {} to {} is needed, not \"{}\"", least, most, printable(text));
      },
      {}, "whole_number");
}

CLI::Validator one_of(std::vector<std::string> words) {
  return CLI::Validator(
      [words = std::move(words)](std::string& text) {
        const auto found = std::find_if(words.begin(), words.end(),
                                        [&](const std::string& word) { return equals_no_case(word, text); });
        if (found == words.end())
          return fmt::format("one of {} is needed, not \"{}\"", fmt::join(words, ", "), printable(text));
        text = *found;
        return std::string();
      },
      {}, "one_of");
}

}  // namespace vmms::cli
