#include "cim/mof/writer.hpp"

#include "cim/mof/checks.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace vmms::cim::mof {
namespace {

constexpr std::size_t widest = 120;
constexpr std::size_t longest_inline = 40;  ///< of the qualifiers that stand on the line of what they qualify

std::string spaces(std::size_t count) { return std::string(count, ' '); }

/// One character as it stands between quotes.
std::string escaped(std::string_view character, char quote) {
  constexpr std::string_view named = "\b\t\n\f\r";
  const char c = character.front();
  if (c == quote || c == '\\') return {'\\', c};
  if (const std::size_t index = named.find(c); index != std::string_view::npos) return {'\\', "btnfr"[index]};
  if ((c >= 0 && c < 0x20) || c == 0x7F) return fmt::format("\\x{:04X}", static_cast<unsigned>(c));
  return std::string(character);
}

/// Takes the first character, all bytes of it, away from UTF-8 text.
std::string_view take_character(std::string_view& text) {
  std::size_t length = 1;
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) ++length;
  const std::string_view character = text.substr(0, length);
  text.remove_prefix(length);
  return character;
}

/// The text in pieces that join to it: cut after line ends, and after spaces where one would be wider than `width`.
std::vector<std::string> pieces(std::string_view text, std::size_t width) {
  std::vector<std::string> result(1);
  std::size_t last_space = 0;
  const auto cut = [&](std::size_t at) {
    std::string rest = result.back().substr(at);
    result.back().resize(at);
    result.push_back(std::move(rest));
    last_space = 0;
  };
  while (!text.empty()) {
    const std::string_view character = take_character(text);
    const std::string next = escaped(character, '"');
    if (!result.back().empty() && result.back().size() + next.size() > width) {
      cut(last_space > 0 ? last_space : result.back().size());
    }
    result.back() += next;
    if (character == " ") last_space = result.back().size();
    if (character == "\n" && !text.empty()) cut(result.back().size());
  }
  for (std::string& piece : result) piece = '"' + piece + '"';
  return result;
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  return fmt::format("{}", fmt::join(parts, between));
}

std::string real_text(double real) {
  std::array<char, 32> buffer;
  std::string text(buffer.data(), std::to_chars(buffer.data(), buffer.data() + buffer.size(), real).ptr);
  if (text.find('.') == std::string::npos) text.insert(std::min(text.find('e'), text.size()), ".0");  // MOF wants it
  return text;
}

std::string character_text(std::uint64_t code) {
  const char c = static_cast<char>(code);
  return code >= 0x20 && code < 0x7F ? "'" + escaped({&c, 1}, '\'') + "'" : fmt::format("'\\x{:04X}'", code);
}

std::string instance_text(const InstanceDeclaration& instance);

std::string literal_text(const Literal& literal) {
  switch (literal.kind) {
    case Literal::Kind::null:
      return "NULL";
    case Literal::Kind::boolean:
      return literal.boolean ? "true" : "false";
    case Literal::Kind::integer:
      return fmt::format("{}{}", literal.negative ? "-" : "", literal.magnitude);
    case Literal::Kind::real:
      return real_text(literal.real);
    case Literal::Kind::character:
      return character_text(literal.magnitude);
    case Literal::Kind::string: {
      std::string result = "\"";
      for (std::string_view text = literal.text; !text.empty();) result += escaped(take_character(text), '"');
      return result + '"';
    }
    case Literal::Kind::alias:
      return "$" + literal.text;
    case Literal::Kind::instance:
      return instance_text(*literal.instance);
  }
  return {};
}

std::string literal_list(const std::vector<Literal>& items) {
  std::vector<std::string> texts;
  for (const Literal& item : items) texts.push_back(literal_text(item));
  return joined(texts, ", ");
}

/// The items on lines from `column` on, with what no line has room for in pieces.
std::string filled(const std::vector<Literal>& items, std::size_t column) {
  std::string result = spaces(column);
  std::size_t used = column;
  for (std::size_t i = 0; i < items.size(); ++i) {
    std::string text = literal_text(items[i]);
    const std::size_t with_comma = text.size() + 1;
    if (i > 0 && used + 1 + with_comma <= widest) {
      result += ' ';
      ++used;
    } else if (i > 0) {
      result += '\n' + spaces(column);
      used = column;
    }
    if (column + with_comma > widest && items[i].kind == Literal::Kind::string) {
      text = joined(pieces(items[i].text, widest - column - 3), '\n' + spaces(column));
      used = widest;
    }
    result += text;
    if (i + 1 < items.size()) result += ',';
    used += with_comma;
  }
  return result;
}

std::string flavor_text(const Qualifier& qualifier) {
  return qualifier.flavors.empty() ? "" : " : " + joined(qualifier.flavors, " ");
}

std::string flat(const Qualifier& qualifier) {
  std::string text = qualifier.name;
  if (!qualifier.value.empty()) {
    const Initializer& value = qualifier.value[0];
    text += !value.is_array       ? "(" + literal_text(value.items[0]) + ")"
            : value.items.empty() ? " {}"
                                  : " { " + literal_list(value.items) + " }";
  }
  return text + flavor_text(qualifier);
}

/// A qualifier that starts at `column`, on separate lines if necessary.
std::string qualifier_text(const Qualifier& qualifier, std::size_t column) {
  std::string text = flat(qualifier);
  if (column + text.size() + 2 <= widest || qualifier.value.empty() || qualifier.value[0].items.empty()) return text;
  const Initializer& value = qualifier.value[0];
  if (value.is_array) {
    return qualifier.name + " {\n" + filled(value.items, column + 2) + '\n' + spaces(column) + '}' +
           flavor_text(qualifier);
  }
  return qualifier.name + "(\n" + filled(value.items, column + 2) + ')' + flavor_text(qualifier);
}

/// An instance that is a value, on one line.
std::string instance_text(const InstanceDeclaration& instance) {
  std::string text = "instance of " + instance.class_name + " {";
  for (const PropertyValue& value : instance.values) {
    std::vector<std::string> qualifiers;
    for (const Qualifier& qualifier : value.qualifiers) qualifiers.push_back(flat(qualifier));
    text += qualifiers.empty() ? " " : " [" + joined(qualifiers, ", ") + "] ";
    text += value.name + " = " + initializer_text(value.value) + ";";
  }
  return text + " }";
}

/// `[A, B]`, on one line where there is room.
std::string qualifier_list(const std::vector<Qualifier>& qualifiers, std::size_t column) {
  std::vector<std::string> texts;
  for (const Qualifier& qualifier : qualifiers) texts.push_back(flat(qualifier));
  std::string text = "[" + joined(texts, ", ") + "]";
  if (column + text.size() <= widest) return text;
  texts.clear();
  for (const Qualifier& qualifier : qualifiers) texts.push_back(qualifier_text(qualifier, column + 1));
  return "[" + joined(texts, ",\n" + spaces(column + 1)) + "]";
}

/// The qualifiers of something, and the space or line end before it.
std::string qualified(const std::vector<Qualifier>& qualifiers, std::size_t column) {
  if (qualifiers.empty()) return {};
  const std::string text = qualifier_list(qualifiers, column);
  return text.size() <= longest_inline ? text + ' ' : text + '\n' + spaces(column);
}

std::string array_text(bool is_array, std::uint64_t size) {
  if (!is_array) return {};
  return size == 0 ? "[]" : fmt::format("[{}]", size);
}

std::string type_text(const TypeName& type) {
  if (type.returns_void) return "void";
  if (type.type != Type::reference && type.type != Type::instance) return std::string(type_keyword(type.type));
  return (type.object_class.empty() ? "object" : type.object_class) + (type.type == Type::reference ? " REF" : "");
}

/// ` = value` behind `head`, which stands at `column`.
std::string with_value(std::string head, const Initializer& value, std::size_t column) {
  const std::size_t line_start = head.rfind('\n') + 1;  // of the only line: npos + 1 is 0
  const std::string text = initializer_text(value);
  if (head.size() - line_start + text.size() + 4 + (line_start == 0 ? column : 0) <= widest || value.items.empty()) {
    return head + " = " + text;
  }
  if (!value.is_array) return head + " =\n" + filled(value.items, column + 4);
  return head + " = {\n" + filled(value.items, column + 2) + '\n' + spaces(column) + '}';
}

std::string parameter_text(const Parameter& parameter, std::size_t column) {
  return qualified(parameter.qualifiers, column) + type_text(parameter.type) + ' ' + parameter.name +
         array_text(parameter.is_array, parameter.array_size);
}

std::string feature_text(const Feature& feature) {
  constexpr std::size_t column = 2;
  std::string head = qualified(feature.qualifiers, column) + type_text(feature.type) + ' ' + feature.name;
  if (!feature.is_method) {
    head += array_text(feature.is_array, feature.array_size);
    return feature.default_value.empty() ? head : with_value(head, feature.default_value[0], column);
  }
  std::vector<std::string> parameters;
  for (const Parameter& parameter : feature.parameters) parameters.push_back(parameter_text(parameter, column + 4));
  const std::string on_one_line = joined(parameters, ", ");
  if (on_one_line.find('\n') == std::string::npos &&
      column + (head.size() - (head.rfind('\n') + 1)) + on_one_line.size() + 3 <= widest) {
    return head + '(' + on_one_line + ')';
  }
  return head + "(\n" + spaces(column + 4) + joined(parameters, ",\n" + spaces(column + 4)) + ')';
}

std::string text_of(const QualifierDeclaration& declaration) {
  std::string text = fmt::format("Qualifier {} : {}{}", declaration.name, type_text(declaration.type),
                                 array_text(declaration.is_array, declaration.array_size));
  if (!declaration.default_value.empty()) text = with_value(text, declaration.default_value[0], 0);
  const auto clause = [&](const char* name, const std::vector<std::string>& names) {
    if (names.empty()) return;
    const std::string list = fmt::format("{}({})", name, joined(names, ", "));
    const bool fits = text.size() - (text.rfind('\n') + 1) + list.size() + 3 <= widest;
    text += (fits ? ", " : ",\n  ") + list;
  };
  clause("Scope", declaration.scopes);
  clause("Flavor", declaration.flavors);
  return text + ";\n";
}

std::string alias_text(const std::string& alias) { return alias.empty() ? "" : " as $" + alias; }

/// A class's or instance's own qualifiers are on separate lines.
std::string head_qualifiers(const std::vector<Qualifier>& qualifiers) {
  return qualifiers.empty() ? "" : qualifier_list(qualifiers, 0) + '\n';
}

std::string text_of(const ClassDeclaration& declaration) {
  std::string text = head_qualifiers(declaration.qualifiers) + "class " + declaration.name;
  text += alias_text(declaration.alias);
  if (!declaration.superclass.empty()) text += " : " + declaration.superclass;
  text += " {\n";
  for (const Feature& feature : declaration.features) text += "  " + feature_text(feature) + ";\n";
  return text + "};\n";
}

std::string text_of(const InstanceDeclaration& declaration) {
  std::string text = head_qualifiers(declaration.qualifiers) + "instance of " + declaration.class_name;
  text += alias_text(declaration.alias) + " {\n";
  for (const PropertyValue& value : declaration.values) {
    text += "  " + with_value(qualified(value.qualifiers, 2) + value.name, value.value, 2) + ";\n";
  }
  return text + "};\n";
}

class Writer {
 public:
  explicit Writer(const Declarations& declarations) : declarations_(declarations) {}

  std::string run() {
    for (const Pragma& pragma : declarations_.pragmas) line_of(pragma.name, pragma.parameter);
    for (const bool in_namespace : {false, true}) {  // nothing can lead back to no namespace
      add(declarations_.qualifiers, in_namespace, "");
      add(declarations_.classes, in_namespace, "\n");
      add(declarations_.instances, in_namespace, "\n");
    }
    return std::move(text_);
  }

 private:
  void line_of(const std::string& pragma, const std::string& parameter) {
    Literal literal;
    literal.kind = Literal::Kind::string;
    literal.text = parameter;
    text_ += fmt::format("#pragma {} ({})\n", pragma, literal_text(literal));
  }

  template <class List>
  void add(const List& list, bool in_namespace, const char* before_each) {
    bool is_first = true;
    for (const auto& declaration : list) {
      if (declaration.namespace_name.empty() == in_namespace) continue;
      const bool moves = namespace_ != declaration.namespace_name;
      if ((is_first || moves) && !text_.empty()) text_ += '\n';
      if (moves) {
        namespace_ = declaration.namespace_name;
        line_of("namespace", namespace_);
        text_ += '\n';
      } else if (!is_first) {
        text_ += before_each;
      }
      text_ += text_of(declaration);
      is_first = false;
    }
  }

  const Declarations& declarations_;
  std::string namespace_;  ///< by the last pragma written
  std::string text_;
};

}  // namespace

std::string initializer_text(const Initializer& value) {
  return value.is_array ? "{" + literal_list(value.items) + "}" : literal_text(value.items[0]);
}

std::string write(const Declarations& declarations) { return Writer(declarations).run(); }

}  // namespace vmms::cim::mof
