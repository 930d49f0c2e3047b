// Puts declarations together as the grammar recognizes them. Used by the actions of mof.y only.
#pragma once

#include "cim/mof/ast.hpp"
#include "cim/mof/lexer.hpp"
#include "cim/mof/problems.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace vmms::cim::mof {

/// What the texts of one compilation share: a namespace holds across the end of an included file, as if its text stood
/// in place of the pragma.
struct Compilation {
  Dialect dialect;
  Problems& problems;
  std::string namespace_name;
  Declarations declarations = {};
  std::size_t elements = 0;               ///< made so far, of any kind
  std::set<std::string> namespaces = {};  ///< seen so far, in lower case
  /// Reads the file that a path names, with / between its parts, and returns whether that worked; failures are among
  /// the problems. Without it, `#pragma include` is kept as a pragma.
  std::function<bool(const std::string& path, const Position& position)> include = {};
};

/// Whether something is an array, and of how many elements.
struct ArrayKind {
  bool is_array;
  std::uint64_t size;  ///< 0 for any
};

class Builder {
 public:
  Builder(Compilation& compilation, std::shared_ptr<const std::string> file)
      : compilation_(compilation), file_(std::move(file)) {}

  bool failed = false;  ///< the text cannot be read further; the reason is among the problems

  /// Values that the generated parser holds as plain pointers; they live until the end of the feature or declaration.
  template <class T>
  T* make(T value = {}) {
    count();
    return &std::get<T>(values_.emplace_back(std::move(value)));
  }
  void forget_values() {
    if (instances_.size() <= 1) values_.clear();  // within an embedded instance, those around it are still needed
  }

  void begin_pragma(const Token& name);
  void pragma_text(std::string& text);
  void pragma_flag() { pragma_->has_flags = true; }
  void end_pragma();
  void default_flavor(const Token& name);
  void qualifier_declaration(const Token& name, const TypeName& type, ArrayKind array, Initializer* default_value);
  std::vector<std::string>* scope(std::vector<std::string>* before, const Token& name);
  std::vector<std::string>* flavor(std::vector<std::string>* before, const Token& name);
  void scopes(std::vector<std::string>& names) { scopes_ = std::move(names); }
  void flavors(std::vector<std::string>& names) { flavors_ = std::move(names); }
  void qualifier(const Token& name, Initializer* value, std::vector<std::string>& flavors);
  void begin_class(const Token& name, const Token& alias, const Token& superclass);
  void begin_feature(const TypeName& type, const Token& name);
  void property(ArrayKind array, Initializer* default_value);
  void begin_method();
  void parameter(const TypeName& type, const Token& name, ArrayKind array);
  void parameter_with_default(const TypeName& type, const Token& name, ArrayKind array);
  void begin_instance(const Token& class_name, const Token& alias);
  void end_instance();
  void begin_embedded_instance(const Token& class_name);
  Literal* end_embedded_instance();
  void begin_value(const Token& name);
  void value(Initializer* value);
  void no_value(const Token& name);
  ArrayKind array_kind(const Token& size);

  TypeName* type(const Token& name);
  TypeName* reference(const Token& class_name);
  TypeName* embedded(const Token& class_name);
  Initializer* scalar(Literal* literal);
  Initializer* array(Initializer* before, Literal* literal);
  Literal* string(std::string* text);
  Literal* integer(const Token& token);
  Literal* real(const Token& token);
  Literal* character(const Token& token);
  Literal* boolean(const Token& token, bool value);
  Literal* null(const Token& token);
  Literal* alias(const Token& token);
  std::string* text(std::string* before, const Token& token);

  /// Fails and lists what was expected: `accepts` says whether a token of that code would fit.
  void syntax_error(const std::function<bool(int)>& accepts, const std::string& found);
  void syntax_error(const std::function<bool(int)>& accepts);  ///< found is `unexpected`
  /// Keeps the first failure, at `token` or at the token read last.
  void fail(const std::string& what);
  void fail(const Token& token, const std::string& what) { fail(position(token), what); }

  Token last{};                   ///< set by the reader before each token
  std::optional<int> unexpected;  ///< the code of the token that the grammar refused

 private:
  Position position(const Token& token) const { return {file_, token.line, token.column}; }
  Literal* literal(Literal::Kind kind, const Token& token);
  std::vector<Qualifier> take_qualifiers();
  std::vector<std::string>* names(std::vector<std::string>* before, const Token& name);
  void count();
  std::string decode(const Token& token, bool is_character);
  void include_or_keep();
  void no_escape(const Token& token, const char* backslash);
  /// Reports that something is WMI's, unless that is the dialect.
  void only_wmi(const Token& token, const std::string& what);
  void need_type(const Position& position, const TypeName& type);
  void fail(const Position& position, const std::string& what);

  struct PragmaParts {
    Token name;
    std::string text;  ///< its only or first string
    std::string raw;   ///< the same as it is written
    std::size_t texts = 0;
    bool has_flags = false;
  };

  Compilation& compilation_;
  std::shared_ptr<const std::string> file_;
  std::deque<std::variant<std::string, Literal, Initializer, TypeName, std::vector<std::string>>> values_;
  std::optional<PragmaParts> pragma_;           ///< that is being read
  std::vector<InstanceDeclaration> instances_;  ///< that are being read, each within the one before it
  std::vector<Qualifier> qualifiers_;           ///< of the element that is being read
  std::vector<std::string> scopes_, flavors_;   ///< of the qualifier declaration that is being read
  Token string_start_{};
  bool said_no_escape_ = false;
};

}  // namespace vmms::cim::mof
