#include "cim/mof/builder.hpp"

#include "base/text.hpp"
#include "cim/mof/checks.hpp"

#include "mof.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace vmms::cim::mof {
namespace {

/// How an error text names a token.
std::string_view describe(int token_code) {
  switch (token_code) {
    case 0:
      return "the end of the text";
    case MOF_PRAGMA:
      return "#pragma";
    case MOF_CLASS:
      return "class";
    case MOF_QUALIFIER:
      return "qualifier";
    case MOF_SCOPE:
      return "scope";
    case MOF_FLAVOR:
      return "flavor";
    case MOF_AS:
      return "as";
    case MOF_REF:
      return "ref";
    case MOF_TRUE:
      return "true";
    case MOF_FALSE:
      return "false";
    case MOF_NULL:
      return "null";
    case MOF_TYPE:
      return "a type";
    case MOF_NAME:
      return "a name";
    case MOF_ALIAS:
      return "an alias";
    case MOF_INTEGER:
      return "a number";
    case MOF_CHARACTER:
      return "a character";
    case MOF_STRING:
      return "a string";
    case MOF_LEFT_BRACE:
      return "'{'";
    case MOF_RIGHT_BRACE:
      return "'}'";
    case MOF_LEFT_BRACKET:
      return "'['";
    case MOF_RIGHT_BRACKET:
      return "']'";
    case MOF_LEFT_PARENTHESIS:
      return "'('";
    case MOF_RIGHT_PARENTHESIS:
      return "')'";
    case MOF_COMMA:
      return "','";
    case MOF_SEMICOLON:
      return "';'";
    case MOF_COLON:
      return "':'";
    case MOF_EQUALS:
      return "'='";
    default:
      return {};  // INSTANCE and REAL say nothing new in a list of what is expected
  }
}

std::string quote(std::string_view text) {
  constexpr std::size_t most = 40;
  std::string result = "\"";
  for (const char c : text.substr(0, most)) result += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return result + (text.size() > most ? "…\"" : "\"");
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xC0 | code >> 6);
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

/// The content of a quoted token. The lexer has checked the escapes.
std::string decode(std::string_view quoted) {
  std::string result;
  const std::string_view text = quoted.substr(1, quoted.size() - 2);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      result += text[i];
      continue;
    }
    switch (const char escape = text[++i]; escape) {
      case 'b':
        result += '\b';
        break;
      case 't':
        result += '\t';
        break;
      case 'n':
        result += '\n';
        break;
      case 'f':
        result += '\f';
        break;
      case 'r':
        result += '\r';
        break;
      case 'x':
      case 'X': {
        std::uint32_t code = 0;
        const char* first = text.data() + i + 1;
        const char* end = std::from_chars(first, first + std::min<std::size_t>(4, text.size() - i - 1), code, 16).ptr;
        append_utf8(result, code);
        i += static_cast<std::size_t>(end - first);
        break;
      }
      default:
        result += escape;
    }
  }
  return result;
}

}  // namespace

std::string Position::to_string() const {
  return (file ? *file : std::string("-")) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

void Builder::pragma(const Token& name, const std::string& parameter) {
  declarations.pragmas.push_back({std::string(name.text()), parameter, position(name)});
}

void Builder::qualifier_declaration(const Token& name, const TypeName& type, bool is_array,
                                    Initializer* default_value) {
  QualifierDeclaration& declaration = declarations.qualifiers.emplace_back();
  declaration.name = name.text();
  declaration.type = type;
  declaration.is_array = is_array;
  if (default_value) declaration.default_value.push_back(std::move(*default_value));
  declaration.scopes = std::exchange(scopes_, {});
  declaration.flavors = std::exchange(flavors_, {});
  declaration.position = position(name);
}

void Builder::qualifier(const Token& name, Initializer* value, std::vector<std::string>& flavors) {
  Qualifier& qualifier = qualifiers_.emplace_back();
  qualifier.name = name.text();
  if (value) qualifier.value.push_back(std::move(*value));
  qualifier.flavors = std::move(flavors);
  qualifier.position = position(name);
}

void Builder::begin_class(const Token& name, const Token& superclass) {
  ClassDeclaration& declaration = declarations.classes.emplace_back();
  declaration.name = name.text();
  declaration.superclass = superclass.text();
  declaration.qualifiers = std::exchange(qualifiers_, {});
  declaration.position = position(name);
}

void Builder::begin_feature(const TypeName& type, const Token& name) {
  Feature& feature = declarations.classes.back().features.emplace_back();
  feature.name = name.text();
  feature.type = type;
  feature.qualifiers = std::exchange(qualifiers_, {});
  feature.position = position(name);
}

void Builder::property(bool is_array, Initializer* default_value) {
  Feature& feature = declarations.classes.back().features.back();
  feature.is_array = is_array;
  if (default_value) feature.default_value.push_back(std::move(*default_value));
}

void Builder::begin_method() { declarations.classes.back().features.back().is_method = true; }

void Builder::parameter(const TypeName& type, const Token& name, bool is_array) {
  Parameter& parameter = declarations.classes.back().features.back().parameters.emplace_back();
  parameter.name = name.text();
  parameter.type = type;
  parameter.is_array = is_array;
  parameter.qualifiers = std::exchange(qualifiers_, {});
  parameter.position = position(name);
}

TypeName* Builder::type(const Token& name) {
  for (auto code = static_cast<int>(Type::boolean); code <= static_cast<int>(Type::datetime); ++code) {
    const auto type = static_cast<Type>(code);
    if (equals_no_case(type_keyword(type), name.text())) return make(TypeName{type, {}});
  }
  fail(name, "unknown type");
  return make<TypeName>();
}

TypeName* Builder::reference(const Token& class_name) {
  return make(TypeName{Type::reference, std::string(class_name.text())});
}

Initializer* Builder::scalar(Literal* literal) { return make(Initializer{false, {std::move(*literal)}}); }

Initializer* Builder::array(Initializer* before, Literal* literal) {
  Initializer* const result = before ? before : make(Initializer{true, {}});
  if (literal) result->items.push_back(std::move(*literal));
  return result;
}

Literal* Builder::literal(Literal::Kind kind, const Token& token) {
  Literal* const result = make<Literal>();
  result->kind = kind;
  result->position = position(token);
  return result;
}

Literal* Builder::string(std::string* text) {
  Literal* const result = literal(Literal::Kind::string, string_start_);
  result->text = std::move(*text);
  return result;
}

Literal* Builder::integer(const Token& token) {
  Literal* const result = literal(Literal::Kind::integer, token);
  std::string_view text = token.text();
  result->negative = text.front() == '-';
  if (text.front() == '-' || text.front() == '+') text.remove_prefix(1);
  int base = 10;
  if (text.size() > 2 && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.back() == 'b' || text.back() == 'B') {
    base = 2;
    text.remove_suffix(1);
  } else if (text.size() > 1 && text.front() == '0') {
    base = 8;
  }
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), result->magnitude, base);
  if (code != std::errc{}) {
    fail(token, "the number " + quote(token.text()) + " does not fit 64 bits");
  } else if (end != text.data() + text.size()) {
    fail(token, quote(token.text()) + " starts with 0 and so is octal, but has a digit that is not");
  }
  return result;
}

Literal* Builder::real(const Token& token) {
  Literal* const result = literal(Literal::Kind::real, token);
  std::string_view text = token.text();
  if (text.front() == '+') text.remove_prefix(1);
  if (std::from_chars(text.data(), text.data() + text.size(), result->real).ec != std::errc{}) {
    fail(token, "the number " + quote(token.text()) + " does not fit real64");
  }
  return result;
}

Literal* Builder::character(const Token& token) {
  Literal* const result = literal(Literal::Kind::character, token);
  const std::string text = decode(token.text());
  const auto byte = [&](std::size_t index) { return static_cast<std::uint8_t>(text[index]); };
  if (text.size() == 1) {
    result->magnitude = byte(0);
  } else if (text.size() == 2) {
    result->magnitude = (byte(0) & 0x1FU) << 6 | (byte(1) & 0x3FU);
  } else {
    result->magnitude = (byte(0) & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
  }
  return result;
}

Literal* Builder::boolean(const Token& token, bool value) {
  Literal* const result = literal(Literal::Kind::boolean, token);
  result->boolean = value;
  return result;
}

Literal* Builder::null(const Token& token) { return literal(Literal::Kind::null, token); }

std::string* Builder::text(std::string* before, const Token& token) {
  if (!before) string_start_ = token;
  std::string* const result = before ? before : make<std::string>();
  *result += decode(token.text());
  return result;
}

void Builder::syntax_error(const std::function<bool(int)>& accepts) {
  std::vector<std::string_view> expected;
  for (int code = 0; code <= MOF_STRING; ++code) {  // the grammar names STRING last
    const bool stands_for_name =
        code > MOF_NAME && code <= MOF_REF && accepts(MOF_NAME);  // soft keywords come next to NAME
    if (!describe(code).empty() && accepts(code) && !stands_for_name) expected.push_back(describe(code));
  }
  std::string what;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    what += i == 0 ? "expected " : i + 1 == expected.size() ? " or " : ", ";
    what += expected[i];
  }
  if (what.empty()) what = "this cannot stand here";
  fail(what + ", found " + (unexpected == 0 ? std::string(describe(0)) : quote(last.text())));
}

void Builder::fail(const std::string& what) { fail(last, what); }

void Builder::fail(const Token& token, const std::string& what) {
  if (!error) error = vmms::error(Failure::invalid_argument, position(token).to_string() + ": " + what);
}

}  // namespace vmms::cim::mof
