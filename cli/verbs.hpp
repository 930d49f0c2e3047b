// Words of a command line that are not verbs or options of ours: named in the error, with the nearest that is one.
#pragma once

#include "base/result.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace vmms::cli {

/// Whether the words lead to a verb, before their options are looked at. Errors: invalid_argument.
Status check_verbs(const CLI::App& app, const std::vector<std::string>& arguments);

/// "there is no option --jsn; did you mean --json?", of the verb that was given.
std::string unknown_option(const CLI::App& app, const std::string& option);

/// The parser's error, in words that say what to type.
std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& mistake);

/// Checks of values, whose help is the option's own.
CLI::Validator whole_number(unsigned least, unsigned most);
/// In any case.
CLI::Validator one_of(std::vector<std::string> words);

/// The verbs that were given, as far as they were understood: "vmms vm start".
std::string command_given(const CLI::App& app);

}  // namespace vmms::cli
