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

namespace {

// What the parser's stack holds before a token, of which `tokens` have been read: what is expected there. Reading again
// what went wrong is cheaper than keeping this for each token.
std::vector<YYACTIONTYPE> states_before(const std::string& text, std::size_t tokens) {
  Builder builder(text, Language::wql);
  Lexer lexer(text);
  yyParser parser;
  WqlParserInit(&parser);
  for (; tokens > 0; --tokens) {
    const int code = lexer.next(builder.last);
    WqlParser(&parser, code, builder.last, &builder);
  }
  std::vector<YYACTIONTYPE> states = states_of(parser);
  WqlParserFinalize(&parser);
  return states;
}

}  // namespace

Result<Statement> parse(std::string_view text, Language language, std::size_t before) {
  if (text.size() > longest_query)
    return error(Failure::invalid_argument, fmt::format("the query is longer than {} bytes", longest_query));
  const std::string terminated(text);
  Builder builder(terminated, language, before);
  Lexer lexer(terminated);
  yyParser parser;
  WqlParserInit(&parser);
  for (std::size_t tokens = 0;; ++tokens) {
    const int code = lexer.next(builder.last);
    const bool lexical_error = code == Lexer::lexical_error;
    if (!lexical_error) WqlParser(&parser, code, builder.last, &builder);
    if (lexical_error || builder.unexpected) {
      const std::vector<YYACTIONTYPE> states = states_before(terminated, tokens);
      builder.refuse([&](int other) { return accepts(states, other); }, lexical_error ? lexer.problem : nullptr);
    }
    if (code == 0 || builder.error) break;
  }
  WqlParserFinalize(&parser);
  if (builder.error) return *std::move(builder.error);
  return std::move(builder.statement);
}

}  // namespace vmms::cim::wql
