// For the parsers that lemon writes: whether a token would have fitted, so that errors can say what was expected. To be
// included once, in the file that includes what lemon wrote, after it: it uses its tables.
#pragma once

#include <cstddef>
#include <vector>

namespace vmms::cim {
namespace {

/// What the parser's stack is made of.
std::vector<YYACTIONTYPE> states_of(const yyParser& parser) {
  std::vector<YYACTIONTYPE> states;
  for (const yyStackEntry* entry = parser.yystack; entry <= parser.yytos; ++entry) states.push_back(entry->stateno);
  return states;
}

/// Whether the parser, with these states on its stack, would take the token: what it does itself, without the actions.
bool accepts(std::vector<YYACTIONTYPE> states, int token_code) {
  for (;;) {
    const YYACTIONTYPE action = yy_find_shift_action(static_cast<YYCODETYPE>(token_code), states.back());
    if (action < YY_MIN_REDUCE) return action <= YY_MAX_SHIFTREDUCE || action == YY_ACCEPT_ACTION;
    const std::size_t rule = action - YY_MIN_REDUCE;
    states.resize(states.size() - static_cast<std::size_t>(-yyRuleInfoNRhs[rule]));
    states.push_back(yy_find_reduce_action(states.back(), yyRuleInfoLhs[rule]));
  }
}

}  // namespace
}  // namespace vmms::cim
