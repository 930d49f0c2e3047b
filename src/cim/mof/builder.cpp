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
    case MOF_INSTANCE:
      return "instance";
    case MOF_OF:
      return "of";
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
      return {};  // REAL says nothing new in a list of what is expected
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
  } else if (code < 0x10000) {
    byte(0xE0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  } else {
    byte(0xF0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3F));
    byte(0x80 | (code >> 6 & 0x3F));
    byte(0x80 | (code & 0x3F));
  }
}

/// Metaelements and flavors of DSP0004 annex A, and what older MOF files say.
constexpr std::string_view scope_names[] = {"class",  "association", "indication", "property", "reference",
                                            "method", "parameter",   "qualifier",  "schema",   "any"};
constexpr std::string_view flavor_names[] = {"EnableOverride", "DisableOverride", "Restricted", "ToSubclass",
                                             "ToInstance",     "Translatable",    "Amended"};
/// DSP0004 7.11. Others are ignored.
constexpr std::string_view pragma_names[] = {"include",  "namespace",    "locale", "instancelocale",
                                             "nonlocal", "nonlocaltype", "source", "sourcetype"};

template <std::size_t count>
bool is_one_of(const std::string_view (&names)[count], std::string_view name) {
  return std::any_of(std::begin(names), std::end(names),
                     [&](std::string_view each) { return equals_no_case(each, name); });
}

template <std::size_t count>
std::string expected_one_of(const std::string_view (&names)[count], std::string_view found) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += i == 0 ? "expected " : i + 1 == count ? " or " : ", ";
    text += names[i];
  }
  return text + ", found " + quote(found);
}

/// "root/x" of "root\\x", "\\\\.\\root\\x" and "/root/x/"; empty for none.
std::string plain_namespace(std::string text) {
  std::replace(text.begin(), text.end(), '\\', '/');
  if (text.starts_with("//./")) text.erase(0, 4);
  const std::size_t first = text.find_first_not_of('/');
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of('/') - first + 1);
}

/// Without the $; empty for no alias.
std::string alias_name(const Token& token) { return std::string(token.text().substr(token.text().empty() ? 0 : 1)); }

constexpr bool is_high_surrogate(std::uint32_t code) { return code >= 0xD800 && code < 0xDC00; }
constexpr bool is_low_surrogate(std::uint32_t code) { return code >= 0xDC00 && code < 0xE000; }

/// Reads the one to four digits of a \x escape that `text` begins with, and takes them away.
std::uint32_t take_hexadecimal(std::string_view& text) {
  std::uint32_t code = 0;
  const char* const end = text.data() + std::min<std::size_t>(4, text.size());
  text.remove_prefix(static_cast<std::size_t>(std::from_chars(text.data(), end, code, 16).ptr - text.data()));
  return code;
}

}  // namespace

std::string Position::to_string() const {
  return (file ? *file : std::string("-")) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

void Builder::count() {
  constexpr std::size_t most_elements = 2'000'000;  // the whole CIM schema has a tenth of that
  if (++compilation_.elements == most_elements)
    fail("more than 2000000 elements: this is too much for one compilation");
}

void Builder::pragma(const Token& name, const std::string* parameter) {
  if (!is_one_of(pragma_names, name.text())) return;
  if (!parameter) {
    fail(name, "expected a parameter such as #pragma " + to_lower(name.text()) + " (\"...\"), found none");
    return;
  }
  count();
  Pragma pragma{std::string(name.text()), *parameter, position(name)};
  if (equals_no_case(pragma.name, "namespace")) {
    compilation_.namespace_name = plain_namespace(*parameter);
    if (compilation_.namespace_name.empty()) {
      fail(name, "expected a namespace such as \"root/cimv2\", found " + quote(*parameter));
    }
  } else if (compilation_.include && equals_no_case(pragma.name, "include")) {
    const Status included = compilation_.include(pragma);
    if (!included && !error) error = included.error();
  } else {
    compilation_.declarations.pragmas.push_back(std::move(pragma));
  }
}

void Builder::qualifier_declaration(const Token& name, const TypeName& type, ArrayKind array,
                                    Initializer* default_value) {
  count();
  QualifierDeclaration& declaration = compilation_.declarations.qualifiers.emplace_back();
  declaration.name = name.text();
  declaration.type = type;
  declaration.is_array = array.is_array;
  declaration.array_size = array.size;
  if (default_value) declaration.default_value.push_back(std::move(*default_value));
  declaration.scopes = std::exchange(scopes_, {});
  declaration.flavors = std::exchange(flavors_, {});
  declaration.namespace_name = compilation_.namespace_name;
  declaration.position = position(name);
}

std::vector<std::string>* Builder::scope(std::vector<std::string>* before, const Token& name) {
  if (!is_one_of(scope_names, name.text())) fail(name, expected_one_of(scope_names, name.text()));
  return names(before, name);
}

std::vector<std::string>* Builder::flavor(std::vector<std::string>* before, const Token& name) {
  if (!is_one_of(flavor_names, name.text())) fail(name, expected_one_of(flavor_names, name.text()));
  return names(before, name);
}

std::vector<std::string>* Builder::names(std::vector<std::string>* before, const Token& name) {
  count();
  std::vector<std::string>* const result = before ? before : make<std::vector<std::string>>();
  result->emplace_back(name.text());
  return result;
}

void Builder::qualifier(const Token& name, Initializer* value, std::vector<std::string>& flavors) {
  count();
  Qualifier& qualifier = qualifiers_.emplace_back();
  qualifier.name = name.text();
  if (value) qualifier.value.push_back(std::move(*value));
  qualifier.flavors = std::move(flavors);
  qualifier.position = position(name);
}

std::vector<Qualifier> Builder::take_qualifiers() { return std::exchange(qualifiers_, {}); }

void Builder::begin_class(const Token& name, const Token& alias, const Token& superclass) {
  count();
  ClassDeclaration& declaration = compilation_.declarations.classes.emplace_back();
  declaration.name = name.text();
  declaration.superclass = superclass.text();
  declaration.alias = alias_name(alias);
  declaration.qualifiers = take_qualifiers();
  declaration.namespace_name = compilation_.namespace_name;
  declaration.position = position(name);
}

void Builder::begin_feature(const TypeName& type, const Token& name) {
  count();
  Feature& feature = compilation_.declarations.classes.back().features.emplace_back();
  feature.name = name.text();
  feature.type = type;
  feature.qualifiers = take_qualifiers();
  feature.position = position(name);
}

void Builder::property(ArrayKind array, Initializer* default_value) {
  Feature& feature = compilation_.declarations.classes.back().features.back();
  feature.is_array = array.is_array;
  feature.array_size = array.size;
  if (default_value) feature.default_value.push_back(std::move(*default_value));
}

void Builder::begin_method() { compilation_.declarations.classes.back().features.back().is_method = true; }

void Builder::parameter(const TypeName& type, const Token& name, ArrayKind array) {
  count();
  Parameter& parameter = compilation_.declarations.classes.back().features.back().parameters.emplace_back();
  parameter.name = name.text();
  parameter.type = type;
  parameter.is_array = array.is_array;
  parameter.array_size = array.size;
  parameter.qualifiers = take_qualifiers();
  parameter.position = position(name);
}

void Builder::begin_instance(const Token& class_name, const Token& alias) {
  count();
  InstanceDeclaration& declaration = compilation_.declarations.instances.emplace_back();
  declaration.class_name = class_name.text();
  declaration.alias = alias_name(alias);
  declaration.qualifiers = take_qualifiers();
  declaration.namespace_name = compilation_.namespace_name;
  declaration.position = position(class_name);
}

void Builder::begin_value(const Token& name) {
  count();
  PropertyValue& value = compilation_.declarations.instances.back().values.emplace_back();
  value.name = name.text();
  value.qualifiers = take_qualifiers();
  value.position = position(name);
}

void Builder::value(Initializer* value) {
  compilation_.declarations.instances.back().values.back().value = std::move(*value);
}

ArrayKind Builder::array_kind(const Token& size) {
  const std::string_view text = size.text();
  ArrayKind result{true, 0};
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), result.size);
  if (code != std::errc{} || end != text.data() + text.size() || result.size == 0 || text.front() == '0') {
    fail(size, "expected a positive decimal number of elements, found " + quote(text));
  }
  return result;
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
    fail(token, "expected a number that fits 64 bits, found " + quote(token.text()));
  } else if (end != text.data() + text.size()) {
    fail(token, "expected octal digits behind a 0, found " + quote(token.text()));
  }
  return result;
}

Literal* Builder::real(const Token& token) {
  Literal* const result = literal(Literal::Kind::real, token);
  std::string_view text = token.text();
  if (text.front() == '+') text.remove_prefix(1);
  if (std::from_chars(text.data(), text.data() + text.size(), result->real).ec != std::errc{}) {
    fail(token, "expected a number that fits real64, found " + quote(token.text()));
  }
  return result;
}

Literal* Builder::character(const Token& token) {
  Literal* const result = literal(Literal::Kind::character, token);
  const std::string text = decode(token, true);
  const auto byte = [&](std::size_t index) { return static_cast<std::uint8_t>(text[index]); };
  if (text.size() == 1) {
    result->magnitude = byte(0);
  } else if (text.size() == 2) {
    result->magnitude = (byte(0) & 0x1FU) << 6 | (byte(1) & 0x3FU);
  } else if (text.size() == 3) {
    result->magnitude = (byte(0) & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
  } else {
    fail(token, "expected a character of 16 bits, found " + quote(token.text()));
  }
  return result;
}

Literal* Builder::boolean(const Token& token, bool value) {
  Literal* const result = literal(Literal::Kind::boolean, token);
  result->boolean = value;
  return result;
}

Literal* Builder::null(const Token& token) { return literal(Literal::Kind::null, token); }

Literal* Builder::alias(const Token& token) {
  Literal* const result = literal(Literal::Kind::alias, token);
  result->text = alias_name(token);
  return result;
}

std::string* Builder::text(std::string* before, const Token& token) {
  if (!before) string_start_ = token;
  std::string* const result = before ? before : make<std::string>();
  *result += decode(token, false);
  return result;
}

/// The content of a quoted token in UTF-8. The lexer has checked the form of the escapes. They count in UTF-16, so two
/// of them may make one character.
std::string Builder::decode(const Token& token, bool is_character) {
  std::string result;
  std::string_view text = token.text().substr(1, token.text().size() - 2);
  while (!text.empty()) {
    if (const std::size_t plain = std::min(text.find('\\'), text.size()); plain > 0) {
      result += text.substr(0, plain);
      text.remove_prefix(plain);
      continue;
    }
    const char escape = to_lower(text[1]);
    text.remove_prefix(2);
    if (escape == 'x') {
      std::uint32_t code = take_hexadecimal(text);
      if (is_high_surrogate(code) && (text.starts_with("\\x") || text.starts_with("\\X"))) {
        std::string_view rest = text.substr(2);
        if (const std::uint32_t low = take_hexadecimal(rest); is_low_surrogate(low)) {
          code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF);
          text = rest;
        }
      }
      if (!is_character && (is_high_surrogate(code) || is_low_surrogate(code))) {
        fail(token, "expected both halves of a surrogate pair in the string, found one");
      }
      append_utf8(result, code);
    } else {
      constexpr std::string_view names = "btnfr";
      const std::size_t index = names.find(escape);
      result += index == std::string_view::npos ? escape : "\b\t\n\f\r"[index];
    }
  }
  return result;
}

void Builder::syntax_error(const std::function<bool(int)>& accepts) {
  syntax_error(accepts, unexpected == 0 ? std::string(describe(0)) : quote(last.text()));
}

void Builder::syntax_error(const std::function<bool(int)>& accepts, const std::string& found) {
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
  fail(what + ", found " + found);
}

void Builder::fail(const std::string& what) { fail(last, what); }

void Builder::fail(const Token& token, const std::string& what) {
  if (!error) error = vmms::error(Failure::invalid_argument, position(token).to_string() + ": " + what);
}

}  // namespace vmms::cim::mof
