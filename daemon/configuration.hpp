// The configuration file: TOML, its keys are the options of the command line.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace vmms::daemon {

/// What is wrong with a configuration file: "FILE:LINE:COLUMN: …".
class ConfigurationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Where the values of keys stand in a configuration file.
class Configuration {
 public:
  /// Gives each key's value to the option of that name, but for those that the command line has; these are looked at
  /// all the same. The option's own checks are made. Throws ConfigurationError.
  void apply(const std::string& file, CLI::App& app);

  /// "FILE:LINE:COLUMN: " of a value, or of the key's only value; empty for what came from elsewhere.
  std::string place(std::string_view key, std::string_view value = {}) const;

 private:
  std::map<std::string, std::string, std::less<>> places_;  // by key, and by key, a blank, and value
};

}  // namespace vmms::daemon
