#include "base/standard_descriptors.hpp"
#include "cli/program.hpp"

#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>

int main(int argc, char** argv) {
  vmms::hold_standard_descriptors();
  std::signal(SIGPIPE, SIG_DFL);  // `vmms vm list | head` ends quietly
  vmms::cli::Console console{std::cin, std::cout, std::cerr};
  console.interactive = isatty(STDERR_FILENO) == 1;
  console.asks_passwords = isatty(STDIN_FILENO) == 1;
  try {
    const int status = vmms::cli::run({argv + 1, argv + argc}, console);
    if (std::cout.flush()) return status;
    std::cerr << "vmms: cannot write to standard output\n";
  } catch (const std::exception& unexpected) {
    console.report(vmms::error(vmms::Failure::internal, std::string("internal error: ") + unexpected.what()));
  }
  return vmms::cli::exit_error;
}
