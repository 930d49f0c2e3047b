#include "cim/wql/pattern.hpp"

#include "base/text.hpp"

#include <cstddef>
#include <optional>

namespace vmms::cim::wql {

Pattern::Pattern(std::string_view pattern) {
  elements_.reserve(pattern.size());
  bool closed = true;  // whether a bracket closes behind here
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const std::size_t end = pattern[i] == '[' && closed ? pattern.find(']', i + 2) : std::string_view::npos;
    if (end != std::string_view::npos) {
      elements_.push_back({Kind::set, 0, static_cast<std::uint32_t>(sets_.size())});
      sets_.push_back(read_set(pattern.substr(i + 1, end - i - 1)));
      i = end;
    } else if (pattern[i] == '%') {
      if (elements_.empty() || elements_.back().kind != Kind::rest) elements_.push_back({Kind::rest});
    } else if (pattern[i] == '_') {
      elements_.push_back({Kind::any});
    } else {
      if (pattern[i] == '[') closed = false;
      elements_.push_back({Kind::character, to_lower(pattern[i])});
    }
  }
}

Pattern::Set Pattern::read_set(std::string_view inside) {
  const bool negated = inside.size() > 1 && inside.front() == '^';
  if (negated) inside.remove_prefix(1);
  Set lower;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    const bool range = i + 2 < inside.size() && inside[i + 1] == '-';
    // In the order of char, as texts compare.
    const int last = to_lower(inside[range ? i + 2 : i]);
    for (int c = to_lower(inside[i]); c <= last; ++c) lower.set(static_cast<unsigned char>(c));
    if (range) i += 2;
  }
  Set set;
  for (unsigned c = 0; c < set.size(); ++c)
    set[c] = lower[static_cast<unsigned char>(to_lower(static_cast<char>(c)))] != negated;
  return set;
}

bool Pattern::fits(const Element& element, char c) const {
  switch (element.kind) {
    case Kind::character:
      return element.character == to_lower(c);
    case Kind::set:
      return sets_[element.set][static_cast<unsigned char>(c)];
    default:
      return true;
  }
}

bool Pattern::matches(std::string_view text) const {
  // Only the last % needs to be tried again: what the ones before it took cannot help any more.
  std::size_t t = 0;
  std::size_t e = 0;
  std::optional<std::size_t> after_rest;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (e < elements_.size() && elements_[e].kind == Kind::rest) {
      after_rest = ++e;
      if (e == elements_.size()) return true;
      resume = t;
    } else if (e < elements_.size() && fits(elements_[e], text[t])) {
      ++t;
      // `_` stands for a character, which may be several bytes of UTF-8.
      if (elements_[e].kind == Kind::any)
        while (t < text.size() && (static_cast<unsigned char>(text[t]) & 0xC0U) == 0x80U) ++t;
      ++e;
    } else if (after_rest) {
      e = *after_rest;
      t = ++resume;
    } else {
      return false;
    }
  }
  return e == elements_.size() || (e + 1 == elements_.size() && elements_[e].kind == Kind::rest);
}

}  // namespace vmms::cim::wql
