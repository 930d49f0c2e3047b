// Splits a WQL text into tokens. Written in re2c: see wql.re.
#pragma once

#include <string_view>

namespace vmms::cim::wql {

/// A piece of the text. Trivial, because the generated parser keeps it in a union.
struct Token {
  const char* begin;
  const char* end;

  std::string_view text() const { return {begin, static_cast<std::size_t>(end - begin)}; }
};

class Lexer {
 public:
  /// `text` must stay alive; the byte after it must be readable and NUL, as in a std::string.
  explicit Lexer(std::string_view text)
      : cursor_(reinterpret_cast<const unsigned char*>(text.data())), limit_(cursor_ + text.size()) {}

  /// The next token's code (WQL_… of wql.h), 0 at the end, or lexical_error with what is wrong in `problem`.
  static constexpr int lexical_error = -1;
  int next(Token& token);
  const char* problem = nullptr;

 private:
  const unsigned char* cursor_;
  const unsigned char* limit_;
  const unsigned char* marker_ = nullptr;
};

}  // namespace vmms::cim::wql
