#include "cim/mof/parser.hpp"

#include "base/text.hpp"
#include "cim/mof/builder.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

// What lemon writes is C: it is kept in this file, where the warnings that it gives are off.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wimplicit-fallthrough"
#include "mof.c"
#pragma GCC diagnostic pop

namespace vmms::cim::mof {
namespace {

constexpr std::size_t largest_file = 16U << 20;
constexpr std::size_t deepest_include = 16;

void append(Declarations& to, Declarations&& from) {
  std::move(from.qualifiers.begin(), from.qualifiers.end(), std::back_inserter(to.qualifiers));
  std::move(from.classes.begin(), from.classes.end(), std::back_inserter(to.classes));
  std::move(from.pragmas.begin(), from.pragmas.end(), std::back_inserter(to.pragmas));
}

Result<std::string> read(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::error_code code;
  if (!stream || std::filesystem::is_directory(path, code)) {
    return error(Failure::not_found, path.string() + ": this file cannot be read");
  }
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (text.size() > largest_file) return error(Failure::invalid_argument, path.string() + ": larger than 16 MB");
  return text;
}

Result<Declarations> read_with_includes(const std::filesystem::path& path, std::vector<std::filesystem::path>& open) {
  Result<std::string> text = read(path);
  if (!text) return text.error();
  Result<Declarations> own = parse(*text, path.string());
  if (!own) return own;
  Declarations result;
  open.push_back(path.lexically_normal());
  for (Pragma& pragma : own->pragmas) {
    if (!equals_no_case(pragma.name, "include")) {
      result.pragmas.push_back(std::move(pragma));
      continue;
    }
    const std::filesystem::path included = (path.parent_path() / pragma.parameter).lexically_normal();
    if (std::find(open.begin(), open.end(), included) != open.end()) {
      return error(Failure::invalid_argument,
                   pragma.position.to_string() + ": " + included.string() + " includes itself");
    }
    if (open.size() >= deepest_include) {
      return error(Failure::invalid_argument, pragma.position.to_string() + ": includes are nested too deeply");
    }
    Result<Declarations> inner = read_with_includes(included, open);
    if (!inner) {
      Error failure = inner.error();
      if (failure.kind == Failure::not_found) failure.message = pragma.position.to_string() + ": " + failure.message;
      return failure;
    }
    append(result, std::move(*inner));
  }
  open.pop_back();
  own->pragmas.clear();
  append(result, std::move(*own));
  return result;
}

/// Whether the parser, with these states on its stack, would take the token: what MofParser does, without the actions.
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

Result<Declarations> parse(std::string_view text, std::string_view file_name) {
  const std::string terminated(text);
  Builder builder(std::make_shared<const std::string>(file_name));
  Lexer lexer(terminated);
  yyParser parser;
  MofParserInit(&parser);
  std::vector<YYACTIONTYPE> states;
  for (;;) {
    const int code = lexer.next(builder.last);
    states.clear();
    for (const yyStackEntry* entry = parser.yystack; entry <= parser.yytos; ++entry) states.push_back(entry->stateno);
    if (code == Lexer::lexical_error) {
      builder.fail(std::string("found ") + lexer.problem);
    } else {
      MofParser(&parser, code, builder.last, &builder);
    }
    if (builder.unexpected) builder.syntax_error([&](int other) { return accepts(states, other); });
    if (code == 0 || builder.error) break;
  }
  MofParserFinalize(&parser);
  if (builder.error) return *std::move(builder.error);
  return std::move(builder.declarations);
}

Result<Declarations> parse_file(const std::string& path) {
  std::vector<std::filesystem::path> open;
  return read_with_includes(path, open);
}

}  // namespace vmms::cim::mof
