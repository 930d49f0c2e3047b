// Puts declarations together as the grammar recognizes them. Used by the actions of mof.y only.
#pragma once

#include "base/result.hpp"
#include "cim/mof/ast.hpp"
#include "cim/mof/lexer.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vmms::cim::mof {

class Builder {
 public:
  explicit Builder(std::shared_ptr<const std::string> file) : file_(std::move(file)) {}

  Declarations declarations;
  std::optional<Error> error;

  /// Values that the generated parser holds as plain pointers; they live as long as the builder.
  template <class T>
  T* make(T value = {}) {
    return &std::get<T>(values_.emplace_back(std::move(value)));
  }

  void pragma(const Token& name, const std::string& parameter);
  void qualifier_declaration(const Token& name, const TypeName& type, bool is_array, Initializer* default_value);
  void scopes(std::vector<std::string>& names) { scopes_ = std::move(names); }
  void flavors(std::vector<std::string>& names) { flavors_ = std::move(names); }
  void qualifier(const Token& name, Initializer* value, std::vector<std::string>& flavors);
  void begin_class(const Token& name, const Token& superclass);
  void begin_feature(const TypeName& type, const Token& name);
  void property(bool is_array, Initializer* default_value);
  void begin_method();
  void parameter(const TypeName& type, const Token& name, bool is_array);

  TypeName* type(const Token& name);
  TypeName* reference(const Token& class_name);
  Initializer* scalar(Literal* literal);
  Initializer* array(Initializer* before, Literal* literal);
  Literal* string(std::string* text);
  Literal* integer(const Token& token);
  Literal* real(const Token& token);
  Literal* character(const Token& token);
  Literal* boolean(const Token& token, bool value);
  Literal* null(const Token& token);
  std::string* text(std::string* before, const Token& token);

  /// Fails because of `unexpected`; `accepts` tells whether a token of another code would have fitted.
  void syntax_error(const std::function<bool(int)>& accepts);
  /// Keeps the first failure, at `token` or at the token read last.
  void fail(const std::string& what);
  void fail(const Token& token, const std::string& what);

  Token last{};                   ///< set by the reader before each token
  std::optional<int> unexpected;  ///< the code of the token that the grammar refused

 private:
  Position position(const Token& token) const { return {file_, token.line, token.column}; }
  Literal* literal(Literal::Kind kind, const Token& token);

  std::shared_ptr<const std::string> file_;
  std::deque<std::variant<std::string, Literal, Initializer, TypeName, std::vector<std::string>>> values_;
  std::vector<Qualifier> qualifiers_;          ///< of the element that is being read
  std::vector<std::string> scopes_, flavors_;  ///< of the qualifier declaration that is being read
  Token string_start_{};
};

}  // namespace vmms::cim::mof
