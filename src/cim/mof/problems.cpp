#include "cim/mof/problems.hpp"

namespace vmms::cim::mof {

void Problems::add(Severity severity, Problem problem) {
  constexpr std::size_t most = 50;
  const auto index = static_cast<std::size_t>(severity);
  if (++count_[index] <= most) kept_[index].push_back(std::move(problem));
}

std::string Problems::text(Severity severity) const {
  std::string text;
  for (const Problem& each : of(severity)) text += (text.empty() ? "" : "\n") + each.to_string();
  return text;
}

}  // namespace vmms::cim::mof
