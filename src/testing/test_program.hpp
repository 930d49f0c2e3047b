// For tests: the program with its arguments, against a host behind a real socket.
#pragma once

#include "cli/program.hpp"
#include "testing/fake_host.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace vmms::cli {

struct Ran {
  int status = -1;
  std::string out;
  std::string err;
  boost::json::value json() const { return boost::json::parse(out); }
};

inline Ran run_with(std::vector<std::string> arguments, const std::string& input = {}) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Console console{in, out, err};
  Ran ran;
  ran.status = run(std::move(arguments), console);
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"VMMS_SERVER", "VMMS_USER", "VMMS_PASSWORD", "VMMS_CA"}) unsetenv(name);
  }
  void TearDown() override { SetUp(); }

  Ran vmms(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--server", host.url()});
    return run_with(std::move(arguments));
  }
  test::FakeHost::Machine& demo() { return host.machines[0]; }

  test::FakeHost host;
};

}  // namespace vmms::cli
