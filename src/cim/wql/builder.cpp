#include "cim/wql/builder.hpp"

#include "base/text.hpp"
#include "wql.h"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::cim::wql {

namespace {

/// How errors name tokens, in the order in which they are listed.
constexpr std::pair<int, std::string_view> token_names[] = {
    {WQL_SELECT, "SELECT"},
    {WQL_ASSOCIATORS, "ASSOCIATORS"},
    {WQL_REFERENCES, "REFERENCES"},
    {WQL_OF, "OF"},
    {WQL_FROM, "FROM"},
    {WQL_WHERE, "WHERE"},
    {WQL_NAME, "a name"},
    {WQL_STAR, "*"},
    {WQL_OBJECT_PATH, "an object path in braces"},
    {WQL_NOT, "NOT"},
    {WQL_LEFT_PARENTHESIS, "("},
    {WQL_EQUAL, "="},
    {WQL_NOT_EQUAL, "!="},
    {WQL_LESS, "<"},
    {WQL_LESS_EQUAL, "<="},
    {WQL_GREATER, ">"},
    {WQL_GREATER_EQUAL, ">="},
    {WQL_LIKE, "LIKE"},
    {WQL_IS, "IS"},
    {WQL_ISA, "ISA"},
    {WQL_STRING, "a string"},
    {WQL_INTEGER, "a number"},
    {WQL_TRUE, "TRUE"},
    {WQL_FALSE, "FALSE"},
    {WQL_NULL, "NULL"},
    {WQL_COMMA, ","},
    {WQL_RIGHT_PARENTHESIS, ")"},
    {WQL_AND, "AND"},
    {WQL_OR, "OR"},
    {0, "the end of the query"},
};

bool is_singleton_path(std::string_view text) { return text.ends_with("=@"); }

// CQL's `Class.Property`.
void take_class_off(std::string& property, std::string_view class_name) {
  const std::size_t dot = property.find('.');
  if (dot != std::string::npos && equals_no_case(std::string_view(property).substr(0, dot), class_name))
    property.erase(0, dot + 1);
}

void take_class_off(Condition& condition, std::string_view class_name) {
  // `CIM_X ISA CIM_Y` asks for the class of the instance itself.
  if (condition.operation == Operator::isa && equals_no_case(condition.property, class_name))
    condition.property = "__THIS";
  take_class_off(condition.property, class_name);
  take_class_off(condition.other, class_name);
  for (Condition& part : condition.parts) take_class_off(part, class_name);
}

}  // namespace

void Builder::all_of(const Token& star) {
  if (language_ == Language::wql) return fail(star, "all properties are written * in WQL, without the name of a class");
  all_of_ = star;
}

void Builder::select_from(const Token& class_name) {
  select_.class_name = class_name.text();
  if (all_of_ && !equals_no_case(all_of_->text(), select_.class_name + ".*"))
    return fail(*all_of_, "this is not the class behind FROM");
  if (language_ == Language::cql) {
    for (std::string& column : select_.columns) take_class_off(column, select_.class_name);
    if (select_.where) take_class_off(*select_.where, select_.class_name);
  }
  statement = std::move(select_);
}

// Chains become one list: a long query must not become a deep tree.
Condition* Builder::join(Condition::Kind kind, Condition& left, Condition& right) {
  if (left.kind != kind) {
    Condition list;
    list.kind = kind;
    list.parts.push_back(std::move(left));
    left = std::move(list);
  }
  if (right.kind == kind) {
    left.parts.splice(left.parts.end(), right.parts);
  } else {
    left.parts.push_back(std::move(right));
  }
  return &left;
}

Condition* Builder::negate(Condition& condition) {
  Condition result;
  result.kind = Condition::Kind::negation;
  result.parts.push_back(std::move(condition));
  return make(std::move(result));
}

Condition* Builder::compare(const Token& property, Operator operation, const Literal& literal) {
  Condition result;
  result.property = property.text();
  result.operation = operation;
  result.literal = literal;
  return make(std::move(result));
}

Condition* Builder::compare(const Token& property, Operator operation, const Token& other) {
  Condition result;
  result.property = property.text();
  result.operation = operation;
  result.other = other.text();
  return make(std::move(result));
}

Literal* Builder::literal(Literal::Kind kind, const Token& token) {
  return &literals_.emplace_back(Literal{kind, std::string(token.text()), false});
}

Literal* Builder::pattern(const Token& token) {
  Literal* const literal = unescaped(token, true);
  literal->is_expression = language_ == Language::cql;
  return literal;
}

Literal* Builder::unescaped(const Token& token, bool lone_backslashes) {
  std::string text;
  const std::string_view inner = token.text().substr(1, token.text().size() - 2);
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '\\') {
      const char next = inner[i + 1];  // the lexer saw to it that something follows
      if (next == '\\' || next == '"' || next == '\'')
        ++i;
      else if (!lone_backslashes)
        fail(token, R"(a backslash in a string is written \\)");
    }
    text += inner[i];
  }
  return &literals_.emplace_back(Literal{Literal::Kind::string, std::move(text), false});
}

void Builder::clause(const Token& name, const Token& value) { clauses_.emplace_back(name, std::string(value.text())); }

void Builder::flag(const Token& name) { clauses_.emplace_back(name, std::string()); }

void Builder::associations(const Token& path, bool references) {
  if (language_ == Language::cql)
    return fail(path, "ASSOCIATORS OF and REFERENCES OF are statements of WQL, not of CQL");
  AssociationQuery result;
  result.references = references;
  std::string_view inner = path.text().substr(1, path.text().size() - 2);
  while (!inner.empty() && inner.front() == ' ') inner.remove_prefix(1);
  while (!inner.empty() && inner.back() == ' ') inner.remove_suffix(1);
  auto source = ObjectPath::parse(inner);
  if (!source) return fail(path, source.error().message);
  result.source = std::move(*source);
  for (auto& [name, value] : clauses_)
    if (!take_clause(result, name, value)) return;
  if (result.source.keys.empty() != result.classes && !is_singleton_path(inner))
    return fail(path, result.classes ? "SchemaOnly needs the name of a class, without keys"
                                     : "expected the keys of an object; for classes add WHERE SchemaOnly");
  if (result.class_definitions && !(references ? result.association_class : result.result_class).empty())
    return fail(path, "ClassDefsOnly and ResultClass exclude each other");
  statement = std::move(result);
}

bool Builder::take_clause(AssociationQuery& query, const Token& name, std::string& value) {
  const auto is = [&](std::string_view known) { return equals_no_case(name.text(), known); };
  const bool references = query.references;
  bool* flag = nullptr;
  if (is("KeysOnly")) flag = &query.keys_only;
  if (is("ClassDefsOnly")) flag = &query.class_definitions;
  if (is("SchemaOnly")) flag = &query.classes;
  std::string* target = nullptr;
  if (is("ResultClass")) target = references ? &query.association_class : &query.result_class;
  if (is("Role")) target = &query.role;
  if (is("RequiredQualifier")) target = references ? &query.required_association_qualifier : &query.required_qualifier;
  if (!references && is("AssocClass")) target = &query.association_class;
  if (!references && is("ResultRole")) target = &query.result_role;
  if (!references && is("RequiredAssocQualifier")) target = &query.required_association_qualifier;
  const auto refuse_clause = [&](const std::string& what) {
    fail(name, what);
    return false;
  };
  if (!flag && !target)
    return refuse_clause(fmt::format("expected {}, found {:.40}",
                                     references ? "ResultClass, Role, RequiredQualifier, KeysOnly, ClassDefsOnly or "
                                                  "SchemaOnly"
                                                : "AssocClass, ResultClass, ResultRole, Role, RequiredQualifier, "
                                                  "RequiredAssocQualifier, KeysOnly, ClassDefsOnly or SchemaOnly",
                                     name.text()));
  if (flag && !value.empty()) return refuse_clause(fmt::format("{} takes no value", name.text()));
  if (target && value.empty()) return refuse_clause(fmt::format("expected \"=\" after {:.40}", name.text()));
  if (flag ? *flag : !target->empty()) return refuse_clause(fmt::format("{} is given twice", name.text()));
  if (flag)
    *flag = true;
  else
    *target = std::move(value);
  return true;
}

void Builder::refuse(const std::function<bool(int)>& fits, const char* found) {
  std::string text;
  std::vector<std::string_view> expected;
  for (const auto& [code, name] : token_names) {
    // Keywords that may be names are fitting wherever a name is.
    const bool is_name = (code == WQL_OF || code == WQL_ASSOCIATORS || code == WQL_REFERENCES) && fits(WQL_NAME);
    if (!is_name && fits(code)) expected.push_back(name);
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    text += i == 0 ? "expected " : i + 1 == expected.size() ? " or " : ", ";
    text += expected[i];
  }
  if (text.empty()) text = "this cannot stand here";
  if (found)
    text += std::string(", found ") + found;
  else if (unexpected == 0)
    text += ", found the end of the query";
  else
    text += fmt::format(", found \"{:.40}\"", last.text());
  fail(last, text);
}

void Builder::fail(const Token& token, const std::string& what) {
  if (error) return;
  const auto begin = static_cast<std::size_t>(token.begin - text_.data());
  const std::size_t position = begin - std::min(begin, before_) + 1;
  error = vmms::error(Failure::invalid_argument, fmt::format("query, position {}: {}", position, what));
}

}  // namespace vmms::cim::wql
