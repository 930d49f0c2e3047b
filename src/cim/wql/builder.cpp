#include "cim/wql/builder.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

namespace vmms::cim::wql {

Operator mirrored(Operator operation) {
  switch (operation) {
    case Operator::less:
      return Operator::greater;
    case Operator::less_equal:
      return Operator::greater_equal;
    case Operator::greater:
      return Operator::less;
    case Operator::greater_equal:
      return Operator::less_equal;
    default:
      return operation;
  }
}

void Builder::select_from(const Token& class_name) {
  select_.class_name = class_name.text();
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
    for (Condition& part : right.parts) left.parts.push_back(std::move(part));
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

Literal* Builder::literal(Literal::Kind kind, const Token& token) {
  return &literals_.emplace_back(Literal{kind, std::string(token.text())});
}

Literal* Builder::string(const Token& token) {
  std::string text;
  const std::string_view inner = token.text().substr(1, token.text().size() - 2);
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '\\') {
      ++i;  // the lexer saw to it that something follows
      if (inner[i] != '\\' && inner[i] != '"' && inner[i] != '\'')
        fail(token, R"(a backslash in a string is written \\)");
    }
    text += inner[i];
  }
  return &literals_.emplace_back(Literal{Literal::Kind::string, std::move(text)});
}

void Builder::clause(const Token& name, const Token& value) { clauses_.emplace_back(name, std::string(value.text())); }

void Builder::flag(const Token& name) {
  if (equals_no_case(name.text(), "ClassDefsOnly") || equals_no_case(name.text(), "SchemaOnly") ||
      equals_no_case(name.text(), "KeysOnly"))
    return fail(name, fmt::format("{} is not supported", name.text()));
  fail(name, fmt::format("expected \"=\" after {:.40}", name.text()));
}

void Builder::associations(const Token& path, bool references) {
  Associations result;
  result.references = references;
  std::string_view inner = path.text().substr(1, path.text().size() - 2);
  while (!inner.empty() && inner.front() == ' ') inner.remove_prefix(1);
  while (!inner.empty() && inner.back() == ' ') inner.remove_suffix(1);
  auto source = ObjectPath::parse(inner);
  if (!source) return fail(path, source.error().message);
  result.source = std::move(*source);
  for (auto& [name, value] : clauses_) {
    const auto is = [&, n = name.text()](std::string_view known) { return equals_no_case(n, known); };
    std::string* target = nullptr;
    if (is("ResultClass"))
      target = references ? &result.association_class : &result.result_class;
    else if (is("Role"))
      target = &result.role;
    else if (!references && is("AssocClass"))
      target = &result.association_class;
    else if (!references && is("ResultRole"))
      target = &result.result_role;
    if (!target)
      return fail(name, fmt::format("{:.40} is not supported here; supported are {}", name.text(),
                                    references ? "ResultClass and Role" : "AssocClass, ResultClass, ResultRole, Role"));
    if (!target->empty()) return fail(name, fmt::format("{} is given twice", name.text()));
    *target = std::move(value);
  }
  statement = std::move(result);
}

void Builder::refuse(int token_code) {
  if (token_code == 0) return fail("the query ends too early");
  fail(fmt::format("\"{:.40}\" was not expected", last.text()));
}

void Builder::fail(const Token& token, const std::string& what) {
  if (error) return;
  const auto position = static_cast<std::size_t>(token.begin - text_.data()) + 1;
  error = vmms::error(Failure::invalid_argument, fmt::format("query, position {}: {}", position, what));
}

}  // namespace vmms::cim::wql
