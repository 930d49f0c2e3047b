#include "wire/auth/refused_sign_in.hpp"

#include "base/escaped.hpp"
#include "base/log_limiter.hpp"

#include <fmt/core.h>
#include <spdlog/spdlog.h>

#include <string>

namespace vmms::wire::auth {

void tell_refused(cim::Auditor* auditor, const cim::RefusedSignIn& refused) {
  const auto left_out = stranger_lines().admit(refused.address);
  if (!left_out) return;
  std::string line = fmt::format("login failed from {}: ", refused.peer);
  if (refused.user.empty()) {
    line += "unknown user";
  } else {
    line += "user ";
    append_json_string(line,
                       refused.user.size() <= 64 ? refused.user : std::string(refused.user.substr(0, 64)) + "...");
  }
  line += fmt::format(": {}", refused.why);
  if (*left_out > 0) line += fmt::format(" ({} more lines about this address were left out)", *left_out);
  spdlog::info("{}", line);
  if (auditor) auditor->record(refused);
}

}  // namespace vmms::wire::auth
