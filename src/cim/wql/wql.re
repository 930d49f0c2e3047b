// The lexer of WQL. re2c turns this into wql_lexer.cpp.
#include "cim/wql/lexer.hpp"

#include "wql.h"

namespace vmms::cim::wql {

int Lexer::next(Token& token) {
  for (;;) {
    const auto found = [&](int code) {
      token.end = reinterpret_cast<const char*>(cursor_);
      return code;
    };
    const auto wrong = [&](const char* text) {
      problem = text;
      return found(lexical_error);
    };
    token.begin = reinterpret_cast<const char*>(cursor_);
    /*!re2c
      re2c:define:YYCTYPE = "unsigned char";
      re2c:define:YYCURSOR = cursor_;
      re2c:define:YYLIMIT = limit_;
      re2c:define:YYMARKER = marker_;
      re2c:yyfill:enable = 0;
      re2c:eof = 0;

      space = [ \t\r\n\f\v]+;
      name = [A-Za-z_] [A-Za-z0-9_]*;
      double_quoted = ["] ([^"\\] | "\\" [^])* ["];
      single_quoted = ['] ([^'\\] | "\\" [^])* ['];

      $ { return found(0); }
      space { continue; }

      'select' { return found(WQL_SELECT); }
      'from' { return found(WQL_FROM); }
      'where' { return found(WQL_WHERE); }
      'associators' { return found(WQL_ASSOCIATORS); }
      'references' { return found(WQL_REFERENCES); }
      'of' { return found(WQL_OF); }
      'and' { return found(WQL_AND); }
      'or' { return found(WQL_OR); }
      'not' { return found(WQL_NOT); }
      'is' { return found(WQL_IS); }
      'like' { return found(WQL_LIKE); }
      'isa' { return found(WQL_ISA); }
      'null' { return found(WQL_NULL); }
      'true' { return found(WQL_TRUE); }
      'false' { return found(WQL_FALSE); }
      name { return found(WQL_NAME); }
      name ("." name)+ { return found(WQL_QUALIFIED_NAME); }
      name ".*" { return found(WQL_QUALIFIED_STAR); }

      [+-]? [0-9]+ { return found(WQL_INTEGER); }
      '0x' [0-9A-Fa-f]+ { return found(WQL_INTEGER); }
      [+-]? [0-9]* "." [0-9]+ ('e' [+-]? [0-9]+)? { return found(WQL_REAL); }
      double_quoted | single_quoted { return found(WQL_STRING); }
      ["'] { return wrong("a string that is not closed"); }
      "{" ([^{}"'] | double_quoted | single_quoted)* "}" { return found(WQL_OBJECT_PATH); }
      "{" { return wrong("an object path in braces that is not closed"); }

      "*" { return found(WQL_STAR); }
      "," { return found(WQL_COMMA); }
      "(" { return found(WQL_LEFT_PARENTHESIS); }
      ")" { return found(WQL_RIGHT_PARENTHESIS); }
      "=" { return found(WQL_EQUAL); }
      "!=" | "<>" { return found(WQL_NOT_EQUAL); }
      "<" { return found(WQL_LESS); }
      "<=" { return found(WQL_LESS_EQUAL); }
      ">" { return found(WQL_GREATER); }
      ">=" { return found(WQL_GREATER_EQUAL); }
      * { return wrong("a character that WQL has no use for"); }
    */
  }
}

}  // namespace vmms::cim::wql
