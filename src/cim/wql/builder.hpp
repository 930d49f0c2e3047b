// Puts a statement together as the grammar recognizes it. Used by the actions of wql.y only.
#pragma once

#include "base/result.hpp"
#include "cim/wql/language.hpp"
#include "cim/wql/lexer.hpp"
#include "cim/wql/statement.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vmms::cim::wql {

class Builder {
 public:
  /// `before`: how many characters of the text are ours; positions in errors count after them.
  Builder(std::string_view text, Language language, std::size_t before = 0)
      : text_(text), language_(language), before_(before) {}

  Statement statement;
  std::optional<Error> error;
  Token last{};  ///< set by the reader before each token

  void column(const Token& name) { select_.columns.emplace_back(name.text()); }
  /// CQL's `Class.*`.
  void all_of(const Token& star);
  void where(Condition& condition) { select_.where = std::move(condition); }
  void select_from(const Token& class_name);
  Condition* join(Condition::Kind kind, Condition& left, Condition& right);
  Condition* negate(Condition& condition);
  Condition* compare(const Token& property, Operator operation, const Literal& literal);
  Condition* compare(const Token& property, Operator operation, const Token& other);
  Literal* literal(Literal::Kind kind, const Token& token);
  Literal* string(const Token& token) { return unescaped(token, false); }
  /// The pattern after LIKE: a backslash before a character that needs none stands for itself, as on real hosts.
  Literal* pattern(const Token& token);

  void clause(const Token& name, const Token& value);
  void flag(const Token& name);
  void associations(const Token& path, bool references);

  std::optional<int> unexpected;  ///< the code of the token that the grammar refused
  /// Fails because of it, or of `found`, which is not a token at all; `fits` says whether a token of a code would fit.
  void refuse(const std::function<bool(int)>& fits, const char* found = nullptr);
  /// Keeps the first failure, at `token` or at the token read last.
  void fail(const std::string& what) { fail(last, what); }
  void fail(const Token& token, const std::string& what);

 private:
  Literal* unescaped(const Token& token, bool lone_backslashes);
  /// False when it failed.
  bool take_clause(AssociationQuery& query, const Token& name, std::string& value);
  Condition* make(Condition condition) { return &conditions_.emplace_back(std::move(condition)); }

  std::string_view text_;
  const Language language_;
  const std::size_t before_;
  Select select_;
  std::optional<Token> all_of_;
  std::vector<std::pair<Token, std::string>> clauses_;  ///< a flag has no value
  // The generated parser holds plain pointers to these.
  std::deque<Condition> conditions_;
  std::deque<Literal> literals_;
};

}  // namespace vmms::cim::wql
