#include "cim/mof/builder.hpp"

#include "base/encoding.hpp"
#include "base/text.hpp"
#include "cim/mof/checks.hpp"
#include "cim/mof/names.hpp"
#include "mof.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace vmms::cim::mof {
namespace {

/// How an error text names tokens, in the order in which it lists them. REAL says nothing new there.
struct TokenText {
  int code;
  std::string_view text;
  bool is_name = false;  ///< a keyword that the grammar takes for a name as well
};
constexpr TokenText token_texts[] = {{0, "the end of the text"},
                                     {MOF_AS, "as", true},
                                     {MOF_OF, "of", true},
                                     {MOF_REF, "ref", true},
                                     {MOF_SCOPE, "scope", true},
                                     {MOF_FLAVOR, "flavor", true},
                                     {MOF_QUALIFIER, "qualifier", true},
                                     {MOF_INSTANCE, "instance", true},
                                     {MOF_PRAGMA, "#pragma"},
                                     {MOF_CLASS, "class", true},
                                     {MOF_TYPE, "a type", true},
                                     {MOF_NAME, "a name"},
                                     {MOF_LEFT_PARENTHESIS, "'('"},
                                     {MOF_RIGHT_PARENTHESIS, "')'"},
                                     {MOF_COMMA, "','"},
                                     {MOF_SEMICOLON, "';'"},
                                     {MOF_COLON, "':'"},
                                     {MOF_LEFT_BRACE, "'{'"},
                                     {MOF_RIGHT_BRACE, "'}'"},
                                     {MOF_LEFT_BRACKET, "'['"},
                                     {MOF_RIGHT_BRACKET, "']'"},
                                     {MOF_EQUALS, "'='"},
                                     {MOF_ALIAS, "an alias"},
                                     {MOF_INTEGER, "a number"},
                                     {MOF_CHARACTER, "a character"},
                                     {MOF_TRUE, "true", true},
                                     {MOF_FALSE, "false", true},
                                     {MOF_NULL, "null", true},
                                     {MOF_STRING, "a string"}};

std::string quote(std::string_view text) {
  constexpr std::size_t most = 40;
  std::string result = "\"";
  for (const char c : text.substr(0, most)) result += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return result + (text.size() > most ? "…\"" : "\"");
}

/// Metaelements and flavors of DSP0004 annex A, and what older MOF files say.
constexpr std::string_view scope_names[] = {"class",  "association", "indication", "property", "reference",
                                            "method", "parameter",   "qualifier",  "schema",   "any"};
constexpr std::string_view flavor_names[] = {"EnableOverride", "DisableOverride", "Restricted",
                                             "ToSubclass",     "ToInstance",      "NotToSubclass",
                                             "NotToInstance",  "Translatable",    "Amended"};
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

/// A path with / between its parts, of one as it is written: backslashes may be doubled, as in any string, or not, as
/// people write them.
std::string path_of(std::string_view raw) {
  std::string path;
  while (!raw.empty()) {
    const bool is_backslash = raw.front() == '\\';
    path += is_backslash ? '/' : raw.front();
    raw.remove_prefix(is_backslash && raw.substr(1).starts_with('\\') ? 2 : 1);
  }
  return path;
}

/// "root/x" of "root/x", "\\\\.\\root\\x", "//host/root/x" and "/root/x/"; empty for none.
std::string namespace_of(std::string_view raw) {
  const std::string path = path_of(raw);
  bool is_host = path.starts_with("//");
  std::string result;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    if (part.empty() || part == ".") continue;
    if (!std::exchange(is_host, false) || path.starts_with("//./"))
      result += (result.empty() ? "" : "/") + std::string(part);
  }
  return result;
}

/// Without the $; empty for no alias.
std::string alias_name(const Token& token) { return std::string(token.text().substr(token.text().empty() ? 0 : 1)); }

constexpr bool is_high_surrogate(std::uint32_t code) { return code >= 0xD800 && code < 0xDC00; }
constexpr bool is_low_surrogate(std::uint32_t code) { return code >= 0xDC00 && code < 0xE000; }

/// Reads the one to four digits of a \x escape that `text` begins with, and takes them away.
bool take_hexadecimal(std::string_view& text, std::uint32_t& code) {
  const char* const end = text.data() + std::min<std::size_t>(4, text.size());
  const auto [after, failure] = std::from_chars(text.data(), end, code, 16);
  text.remove_prefix(static_cast<std::size_t>(after - text.data()));
  return failure == std::errc{};
}

}  // namespace

void Builder::count() {
  constexpr std::size_t most_elements = 2'000'000;  // the whole CIM schema has a tenth of that
  if (++compilation_.elements == most_elements)
    fail("more than 2000000 elements: this is too much for one compilation");
}

void Builder::begin_pragma(const Token& name) {
  count();
  pragma_ = PragmaParts{name, {}, {}};
}

void Builder::pragma_text(std::string& text) {
  if (++pragma_->texts == 1) pragma_->text = std::move(text);
}

void Builder::end_pragma() {
  if (pragma_->texts > 1 || pragma_->has_flags) {
    only_wmi(pragma_->name, "a pragma with other parameters than one string");
  }
  if (is_one_of(pragma_names, pragma_->name.text())) include_or_keep();
  pragma_.reset();
}

/// Does what a pragma of the standard asks for.
void Builder::include_or_keep() {
  constexpr std::size_t most_namespaces = 100;  // each may need the classes and qualifiers of a whole schema
  const Token& name = pragma_->name;
  const std::string kind = to_lower(name.text());
  if (pragma_->texts == 0) {
    fail(name, "expected a parameter such as #pragma " + kind + " (\"...\"), found none");
  } else if (kind == "namespace") {
    compilation_.namespace_name = namespace_of(pragma_->raw);
    if (compilation_.namespace_name.empty()) {
      fail(name, "expected a namespace such as \"root/cimv2\", found " + quote(pragma_->text));
    }
    compilation_.namespaces.insert(name_key(compilation_.namespace_name));
    if (compilation_.namespaces.size() > most_namespaces) {
      fail(name, "more than 100 namespaces: this is too much for one compilation");
    }
  } else if (kind == "include" && compilation_.include) {
    failed = !compilation_.include(path_of(pragma_->raw), position(name)) || failed;
  } else {
    compilation_.declarations.pragmas.push_back({std::string(name.text()), pragma_->text, position(name)});
  }
}

/// `Qualifier Description : ToSubclass Amended;` says which flavors each Description has.
void Builder::default_flavor(const Token& name) {
  if (is_one_of(flavor_names, name.text())) {
    only_wmi(name, "a qualifier declaration without a type");
  } else {
    fail(name, "expected a type, found " + quote(name.text()));
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
  need_type(declaration.position, type);
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
  // One that is said again says nothing new, and each class that inherits a qualifier has its flavors.
  const bool is_new = std::none_of(result->begin(), result->end(),
                                   [&](const std::string& each) { return equals_no_case(each, name.text()); });
  if (is_new) result->emplace_back(name.text());
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
  need_type(feature.position, feature.type);
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
  need_type(parameter.position, type);
}

void Builder::parameter_with_default(const TypeName& type, const Token& name, ArrayKind array) {
  only_wmi(name, "a parameter with a default");
  parameter(type, name, array);
}

void Builder::begin_instance(const Token& class_name, const Token& alias) {
  count();
  InstanceDeclaration& declaration = instances_.emplace_back();
  declaration.class_name = class_name.text();
  declaration.alias = alias_name(alias);
  declaration.qualifiers = take_qualifiers();
  declaration.namespace_name = compilation_.namespace_name;
  declaration.position = position(class_name);
}

void Builder::end_instance() {
  compilation_.declarations.instances.push_back(std::move(instances_.back()));
  instances_.pop_back();
}

void Builder::begin_embedded_instance(const Token& class_name) {
  only_wmi(class_name, "an instance as a value");
  begin_instance(class_name, Token{});
}

Literal* Builder::end_embedded_instance() {
  Literal* const result = make<Literal>();
  result->kind = Literal::Kind::instance;
  result->position = instances_.back().position;
  result->instance = std::make_shared<const InstanceDeclaration>(std::move(instances_.back()));
  instances_.pop_back();
  return result;
}

void Builder::begin_value(const Token& name) {
  count();
  PropertyValue& value = instances_.back().values.emplace_back();
  value.name = name.text();
  value.qualifiers = take_qualifiers();
  value.position = position(name);
}

void Builder::value(Initializer* value) { instances_.back().values.back().value = std::move(*value); }

/// `Property;` gives a property qualifiers alone.
void Builder::no_value(const Token& name) {
  only_wmi(name, "a property without a value");
  instances_.back().values.back().value = {false, {Literal{}}};
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
  if (equals_no_case(name.text(), "void")) {
    only_wmi(name, "void");
    return make(TypeName{Type::uint32, {}, true});
  }
  for (auto code = static_cast<int>(Type::boolean); code <= static_cast<int>(Type::datetime); ++code) {
    const auto type = static_cast<Type>(code);
    if (equals_no_case(type_keyword(type), name.text())) return make(TypeName{type, {}});
  }
  fail(name, "unknown type");
  return make<TypeName>();
}

TypeName* Builder::reference(const Token& class_name) {
  const bool is_any = equals_no_case(class_name.text(), "object");
  if (is_any) only_wmi(class_name, "a reference to an object of any class");
  return make(TypeName{Type::reference, is_any ? std::string() : std::string(class_name.text())});
}

/// A class, or `object`, as a type. Without WMI's dialect that is a type misspelled as well.
TypeName* Builder::embedded(const Token& class_name) {
  const bool is_any = equals_no_case(class_name.text(), "object");
  only_wmi(class_name, "expected a type, or ref behind a class, found " + quote(class_name.text()) +
                           ": an instance as the value of a property");
  return make(TypeName{Type::instance, is_any ? std::string() : std::string(class_name.text())});
}

void Builder::need_type(const Position& position, const TypeName& type) {
  if (type.returns_void) fail(position, "expected a type, found void, which methods return");
}

void Builder::only_wmi(const Token& token, const std::string& what) {
  if (compilation_.dialect == Dialect::wmi) return;
  compilation_.problems.add(Severity::error, position(token), what + " is WMI's dialect of MOF (--dialect wmi)");
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
  } else if (text.size() == 2 && (byte(0) & 0xE0U) == 0xC0U) {  // not a backslash that begins no escape, and a letter
    result->magnitude = (byte(0) & 0x1FU) << 6 | (byte(1) & 0x3FU);
  } else if (text.size() == 3 && (byte(0) & 0xF0U) == 0xE0U) {
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
  if (pragma_ && pragma_->texts == 0) pragma_->raw += token.text().substr(1, token.text().size() - 2);
  *result += decode(token, false);
  return result;
}

/// The content of a quoted token in UTF-8. Escapes count in UTF-16, so two of them may make one character. A backslash
/// that begins none stands for itself.
std::string Builder::decode(const Token& token, bool is_character) {
  std::string result;
  std::string_view text = token.text().substr(1, token.text().size() - 2);
  while (!text.empty()) {
    if (const std::size_t plain = std::min(text.find('\\'), text.size()); plain > 0) {
      result += text.substr(0, plain);
      text.remove_prefix(plain);
      continue;
    }
    constexpr std::string_view names = "btnfr\"'\\";
    const char* const backslash = text.data();
    const char escape = text[1];
    text.remove_prefix(2);
    if (const std::size_t index = names.find(escape); index != std::string_view::npos) {
      result += "\b\t\n\f\r\"'\\"[index];
    } else if (std::uint32_t code = 0; to_lower(escape) == 'x' && take_hexadecimal(text, code)) {
      if (is_high_surrogate(code) && (text.starts_with("\\x") || text.starts_with("\\X"))) {
        std::string_view rest = text.substr(2);
        std::uint32_t low = 0;
        if (take_hexadecimal(rest, low) && is_low_surrogate(low)) {
          code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF);
          text = rest;
        }
      }
      if (!is_character && (is_high_surrogate(code) || is_low_surrogate(code))) {
        fail(token, "expected both halves of a surrogate pair in the string, found one");
      }
      append_utf8(result, code);
    } else {
      no_escape(token, backslash);
      result.append(backslash, 2);
    }
  }
  return result;
}

/// Names the first such backslash of a text, since counting its column reads the whole line. Pragmas name paths, in
/// which it separates parts.
void Builder::no_escape(const Token& token, const char* backslash) {
  if (pragma_ || std::exchange(said_no_escape_, true)) return;
  Position where = position(token);
  where.column += static_cast<std::uint32_t>(
      std::count_if(token.begin, backslash, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  std::size_t length = 1;
  while ((static_cast<unsigned char>(backslash[1 + length]) & 0xC0) == 0x80) ++length;
  const std::string after(backslash + 1, length);
  compilation_.problems.add(Severity::warning, where,
                            "\\" + after + " is no escape and stands for itself: write \\\\" + after +
                                " here and wherever a backslash is meant");
}

void Builder::syntax_error(const std::function<bool(int)>& accepts) {
  syntax_error(accepts, unexpected == 0 ? "the end of the text" : quote(last.text()));
}

void Builder::syntax_error(const std::function<bool(int)>& accepts, const std::string& found) {
  // Where a name or a type can stand, so can the keywords that may be names. What is WMI's alone is not asked for.
  const bool expects_name_or_type = accepts(MOF_NAME) && accepts(MOF_TYPE);
  const bool expects_name = expects_name_or_type && accepts(MOF_TRUE);
  const bool expects_value = accepts(MOF_STRING) && accepts(MOF_TRUE);
  std::vector<std::string_view> expected;
  for (const TokenText& each : token_texts) {
    if (each.is_name && (each.code == MOF_TYPE ? expects_name : expects_name_or_type)) continue;
    if (compilation_.dialect != Dialect::wmi &&
        ((each.code == MOF_INSTANCE && expects_value) ||
         (each.code == MOF_SEMICOLON && !instances_.empty() && accepts(MOF_EQUALS)) ||
         (each.code == MOF_EQUALS && accepts(MOF_RIGHT_PARENTHESIS)))) {
      continue;
    }
    if (accepts(each.code)) expected.push_back(each.text);
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

void Builder::fail(const Position& position, const std::string& what) {
  if (!std::exchange(failed, true)) compilation_.problems.add(Severity::error, position, what);
}

}  // namespace vmms::cim::mof
