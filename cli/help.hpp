// The layout of the program's help.
#pragma once

#include <CLI/CLI.hpp>

#include <string>
#include <string_view>

namespace vmms::cli {

/// The text in lines of at most `width` characters, broken between words; lines that are there stay.
std::string wrapped(std::string_view text, std::size_t width);

/// CLI11's, with descriptions that are broken before the edge of a usual terminal.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter();
  std::string make_description(const CLI::App* app) const override;
  std::string make_subcommand(const CLI::App* verb) const override;
  std::string make_option_desc(const CLI::Option* option) const override;
};

}  // namespace vmms::cli
