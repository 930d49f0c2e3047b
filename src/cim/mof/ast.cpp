#include "cim/mof/ast.hpp"

namespace vmms::cim::mof {

std::string Position::to_string() const {
  return (file ? *file : std::string("-")) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

bool operator==(const Literal& left, const Literal& right) {
  if (left.kind != right.kind || left.boolean != right.boolean || left.negative != right.negative ||
      left.magnitude != right.magnitude || left.real != right.real || left.text != right.text) {
    return false;
  }
  return left.instance && right.instance ? *left.instance == *right.instance : left.instance == right.instance;
}

}  // namespace vmms::cim::mof
