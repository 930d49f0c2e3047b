#include "cim/wql/parser.hpp"

#include "cim/wql/builder.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

// What lemon writes is C: it is kept in this file, where the warnings that it gives are off.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include "wql.c"
#pragma GCC diagnostic pop

#include "cim/lemon_accepts.hpp"

namespace vmms::cim::wql {

Result<Statement> parse(std::string_view text) {
  if (text.size() > longest_query)
    return error(Failure::invalid_argument, fmt::format("the query is longer than {} bytes", longest_query));
  const std::string terminated(text);
  Builder builder(terminated);
  Lexer lexer(terminated);
  yyParser parser;
  WqlParserInit(&parser);
  for (;;) {
    const int code = lexer.next(builder.last);
    // Only what goes wrong needs them, but then the parser has reduced already.
    const std::vector<YYACTIONTYPE> states = states_of(parser);
    const auto fits = [&](int other) { return accepts(states, other); };
    if (code == Lexer::lexical_error)
      builder.refuse(fits, lexer.problem);
    else
      WqlParser(&parser, code, builder.last, &builder);
    if (builder.unexpected) builder.refuse(fits);
    if (code == 0 || builder.error) break;
  }
  WqlParserFinalize(&parser);
  if (builder.error) return *std::move(builder.error);
  return std::move(builder.statement);
}

}  // namespace vmms::cim::wql
