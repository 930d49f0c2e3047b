// The arguments of a method on the command line.
#pragma once

#include "cim/class.hpp"
#include "cli/session.hpp"

#include <string>

namespace vmms::cli {

/// Reads NAME=VALUE, NAME=@FILE or NAME=@@value. With the method's declaration, names are checked and references read
/// as object paths; without it (nullptr) every value is text. Errors: invalid_argument.
Result<wsman::Input> read_argument(const std::string& argument, const cim::Method* method);

}  // namespace vmms::cli
