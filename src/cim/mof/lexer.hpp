// Splits MOF text into tokens. Written in re2c: see mof.re.
#pragma once

#include <cstdint>
#include <string_view>

namespace vmms::cim::mof {

/// A piece of the text. Trivial, because the generated parser keeps it in a union.
struct Token {
  const char* begin;
  const char* end;
  std::uint32_t line;
  std::uint32_t column;

  std::string_view text() const { return {begin, static_cast<std::size_t>(end - begin)}; }
};

class Lexer {
 public:
  /// `text` must stay alive; the byte after it must be readable and NUL, as in a std::string.
  explicit Lexer(std::string_view text)
      : cursor_(reinterpret_cast<const unsigned char*>(text.data())), limit_(cursor_ + text.size()) {}

  /// The next token's code (MOF_… of mof.h), 0 at the end, or one of these two.
  static constexpr int lexical_error = -1;  ///< `problem` says what was expected and what was found
  static constexpr int stray_text = -2;     ///< no token; `problem` says what was found
  int next(Token& token);
  const char* problem = nullptr;

 private:
  void advance(const unsigned char* begin, const unsigned char* end);

  const unsigned char* cursor_;
  const unsigned char* limit_;
  const unsigned char* marker_ = nullptr;
  std::uint32_t line_ = 1;
  std::uint32_t column_ = 1;
};

}  // namespace vmms::cim::mof
