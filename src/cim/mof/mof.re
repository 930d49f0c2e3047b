// The lexer of MOF (DSP0004 annex A). re2c turns this into mof_lexer.cpp.
#include "cim/mof/lexer.hpp"

#include "mof.h"

namespace vmms::cim::mof {
namespace {

/// `next` is what the string cannot go on with; after the text there is a NUL.
const char* problem_in_string(unsigned char next) {
  switch (next) {
    case '\n':
    case '\r':
    case '\0':
      return "expected '\"' at the end of the string, found the end of the line";
    default:
      return "expected UTF-8 in the string, found other bytes";
  }
}

}  // namespace

/// Lines end as in any of Unix, Windows and the old Mac OS.
void Lexer::advance(const unsigned char* begin, const unsigned char* end) {
  for (const unsigned char* c = begin; c != end; ++c) {
    if (*c == '\n' || (*c == '\r' && c[1] != '\n')) {
      ++line_;
      column_ = 1;
    } else if ((*c & 0xC0) != 0x80) {
      ++column_;
    }
  }
}

int Lexer::next(Token& token) {
  for (;;) {
    const unsigned char* const start = cursor_;
    const auto found = [&](int code) {
      token.end = reinterpret_cast<const char*>(cursor_);
      advance(start, cursor_);
      return code;
    };
    const auto wrong = [&](const char* text) {
      problem = text;
      return found(lexical_error);
    };
    const auto stray = [&](const char* text) {
      problem = text;
      return found(stray_text);
    };
    token.begin = reinterpret_cast<const char*>(start);
    token.line = line_;
    token.column = column_;
    /*!re2c
      re2c:define:YYCTYPE = "unsigned char";
      re2c:define:YYCURSOR = cursor_;
      re2c:define:YYLIMIT = limit_;
      re2c:define:YYMARKER = marker_;
      re2c:yyfill:enable = 0;
      re2c:eof = 0;

      space = [ \t\r\n\f\v\x1a]+;  // the last ended texts of DOS
      line_comment = "//" [^\n\r]*;
      block_comment = "/*" ([^*] | "*"+ [^*/])* "*"+ "/";
      sign = [+-]?;
      digits = [0-9]+;
      utf8 = [\xc2-\xdf] [\x80-\xbf] | "\xe0" [\xa0-\xbf] [\x80-\xbf] | [\xe1-\xec\xee\xef] [\x80-\xbf]{2} |
             "\xed" [\x80-\x9f] [\x80-\xbf] | "\xf0" [\x90-\xbf] [\x80-\xbf]{2} | [\xf1-\xf3] [\x80-\xbf]{3} |
             "\xf4" [\x80-\x8f] [\x80-\xbf]{2};
      // U+0080 to U+FFEF (DSP0004 A.3), but for the byte order mark, and what UTF-16 has surrogates for.
      letter = [A-Za-z_] | [\xc2-\xdf] [\x80-\xbf] | "\xe0" [\xa0-\xbf] [\x80-\xbf] |
               [\xe1-\xec\xee] [\x80-\xbf]{2} | "\xed" [\x80-\x9f] [\x80-\xbf] |
               "\xef" ([\x80-\xba\xbc-\xbe] [\x80-\xbf] | "\xbb" [\x80-\xbe] | "\xbf" [\x80-\xaf]) |
               "\xf0" [\x90-\xbf] [\x80-\xbf]{2} | [\xf1-\xf3] [\x80-\xbf]{3} | "\xf4" [\x80-\x8f] [\x80-\xbf]{2};
      name = letter (letter | [0-9])*;
      // Other characters after a backslash are no escapes: the backslash stands for itself (see Builder::decode).
      escape = "\\" ([^\n\r\x00\x80-\xff] | utf8);
      plain = [^"'\\\n\r\x80-\xff];
      in_string = plain | "'" | utf8 | escape;

      $ { return found(0); }
      space | line_comment | block_comment | "\xef\xbb\xbf" { advance(start, cursor_); continue; }
      "/*" { return wrong("expected */ at the end of the comment, found the end of the text"); }

      "#" [ \t]* 'pragma' { return found(MOF_PRAGMA); }
      "#" [ \t]* [A-Za-z]+ {
        return wrong("this line is for the C preprocessor: check what it makes of the file, as by cpp -P FILE");
      }
      'class' { return found(MOF_CLASS); }
      'qualifier' { return found(MOF_QUALIFIER); }
      'scope' { return found(MOF_SCOPE); }
      'flavor' { return found(MOF_FLAVOR); }
      'instance' { return found(MOF_INSTANCE); }
      'of' { return found(MOF_OF); }
      'as' { return found(MOF_AS); }
      'ref' { return found(MOF_REF); }
      'true' { return found(MOF_TRUE); }
      'false' { return found(MOF_FALSE); }
      'null' { return found(MOF_NULL); }
      'object' { return found(MOF_OBJECT); }
      'void' | 'boolean' | 'uint8' | 'sint8' | 'uint16' | 'sint16' | 'uint32' | 'sint32' | 'uint64' | 'sint64' | 'real32' |
      'real64' | 'char16' | 'string' | 'datetime' { return found(MOF_TYPE); }
      name { return found(MOF_NAME); }
      "$" name { return found(MOF_ALIAS); }

      sign [01]+ 'b' { return found(MOF_INTEGER); }
      sign '0x' [0-9A-Fa-f]+ { return found(MOF_INTEGER); }
      sign digits { return found(MOF_INTEGER); }
      sign [0-9]* "." digits ('e' sign digits)? { return found(MOF_REAL); }
      sign digits [A-Za-z0-9_]* { return stray("a number with letters in it"); }
      ["] in_string* ["] { return found(MOF_STRING); }
      ["] in_string* { return wrong(problem_in_string(*cursor_)); }
      "'" (plain | ["] | utf8 | escape | "\\" [xX] [0-9A-Fa-f]{1,4}) "'" { return found(MOF_CHARACTER); }
      "'" { return wrong("expected one character between quotes, as in 'x' or '\\x20AC', found something else"); }

      "{" { return found(MOF_LEFT_BRACE); }
      "}" { return found(MOF_RIGHT_BRACE); }
      "[" { return found(MOF_LEFT_BRACKET); }
      "]" { return found(MOF_RIGHT_BRACKET); }
      "(" { return found(MOF_LEFT_PARENTHESIS); }
      ")" { return found(MOF_RIGHT_PARENTHESIS); }
      "," { return found(MOF_COMMA); }
      ";" { return found(MOF_SEMICOLON); }
      ":" { return found(MOF_COLON); }
      "=" { return found(MOF_EQUALS); }
      * { return stray("a character that MOF does not use"); }
    */
  }
}

}  // namespace vmms::cim::mof
