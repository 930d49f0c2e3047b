// The words of a command line that are no verbs or options of ours: named, with the nearest that is one.
#pragma once

#include "base/result.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace vmms::cli {

/// The candidate that a typing mistake may have meant; empty: none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// Whether the words lead to a verb, before their options are looked at. Errors: invalid_argument.
Status check_verbs(const CLI::App& app, const std::vector<std::string>& arguments);

/// "there is no option --jsn; did you mean --json?", of the verb that was given.
std::string unknown_option(const CLI::App& app, const std::string& option);

/// The verbs that were given, as far as they were understood: "vmms vm start".
std::string command_given(const CLI::App& app);

}  // namespace vmms::cli
