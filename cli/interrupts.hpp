// Ctrl-C and TERM while something is under way that should end in order.
#pragma once

#include <csignal>

namespace vmms::cli {

/// Signals that end a program only set a flag while this lives.
class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  static bool happened();

 private:
  struct sigaction before_int_ {};
  struct sigaction before_term_ {};
};

}  // namespace vmms::cli
