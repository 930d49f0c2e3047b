#include "cim/wql/pattern.hpp"

#include "base/case_folding.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>

namespace vmms::cim::wql {

// Where the match stands in a text: at a character, or inside what it folds to ("ss" of ß).
class Pattern::Place {
 public:
  explicit Place(std::string_view text) : text_(text) { read(); }

  bool at_end() const { return offset_ == text_.size(); }
  std::uint32_t folded() const { return folded_.code_points[part_]; }
  /// The character as it is written, or the part of it that is left.
  std::uint32_t written() const { return part_ == 0 ? character_.code_point : folded(); }
  void next() {
    if (++part_ == folded_.size) next_character();
  }
  void next_character() {
    offset_ += character_.length;
    read();
  }

 private:
  void read() {
    part_ = 0;
    if (at_end()) return;
    if (const auto byte = static_cast<unsigned char>(text_[offset_]); byte < 0x80) {  // most are, and cost no call
      character_ = {byte, 1};
      folded_.size = 1;
      folded_.code_points[0] = static_cast<unsigned char>(to_lower(text_[offset_]));
      return;
    }
    character_ = character_at(text_, offset_);
    folded_ = fold_case(character_.code_point);
  }

  std::string_view text_;
  std::size_t offset_ = 0;
  std::size_t part_ = 0;
  Character character_;
  FoldedCharacter folded_;
};

Pattern::Pattern(std::string_view pattern) {
  elements_.reserve(pattern.size());
  bool closed = true;  // whether a bracket closes behind here
  for (std::size_t i = 0; i < pattern.size();) {
    const std::size_t end = pattern[i] == '[' && closed ? pattern.find(']', i + 2) : std::string_view::npos;
    if (end != std::string_view::npos) {
      elements_.push_back(first_set + static_cast<std::uint32_t>(sets_.size()));
      sets_.push_back(read_set(pattern.substr(i + 1, end - i - 1)));
      i = end + 1;
      continue;
    }
    if (pattern[i] == '[') closed = false;
    const Character character = character_at(pattern, i);
    i += character.length;
    if (character.code_point == '%') {
      if (elements_.empty() || elements_.back() != rest) elements_.push_back(rest);
    } else if (character.code_point == '_') {
      elements_.push_back(any);
    } else {
      add(character.code_point);
    }
  }
}

void Pattern::add(std::uint32_t code_point) {
  const FoldedCharacter folded = fold_case(code_point);
  elements_.insert(elements_.end(), folded.code_points.begin(), folded.code_points.begin() + folded.size);
}

Result<Pattern> Pattern::read_expression(std::string_view text) {
  Pattern pattern;
  std::size_t last = 0;          // where the elements of the last character begin
  std::uint32_t repeatable = 0;  // it, or 0 where `*` cannot stand
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    Character character = character_at(text, i);
    i += character.length;
    const bool is_escape = character.code_point == '\\';
    if (is_escape && i < text.size()) {
      character = character_at(text, i);
      i += character.length;
    }
    const bool is_special = character.code_point == '.' || character.code_point == '*' || character.code_point == '\\';
    if (is_escape && (!is_special || i == begin + 1))
      return error(
          Failure::invalid_argument,
          fmt::format("query: LIKE '{:.80}', character {}: a backslash stands before \".\", \"*\" or \"\\\" only", text,
                      begin + 1));
    if (!is_escape && character.code_point == '*') {
      if (repeatable == 0)
        return error(Failure::invalid_argument,
                     fmt::format("query: LIKE '{:.80}', character {}: \"*\" stands behind a character only: \".*\" is "
                                 "any text",
                                 text, begin + 1));
      pattern.repeat_last(last, repeatable);
      repeatable = 0;
      continue;
    }
    last = pattern.elements_.size();
    repeatable = character.code_point;
    if (!is_escape && character.code_point == '.')
      pattern.elements_.push_back(repeatable = any);
    else
      pattern.add(repeatable);
  }
  if (pattern.repeated_.empty()) return pattern;
  if (pattern.elements_.size() > longest_expression)
    return error(Failure::invalid_argument,
                 fmt::format("query: LIKE '{:.80}...' is longer than {} characters", text, longest_expression));
  pattern.repeated_.resize(pattern.elements_.size());
  return pattern;
}

void Pattern::repeat_last(std::size_t begin, std::uint32_t code_point) {
  if (code_point == any) {
    elements_.back() = rest;
    if (begin > 0 && elements_[begin - 1] == rest) elements_.pop_back();
    return;
  }
  // A character that folds to several is repeated as a whole.
  if (elements_.size() > begin + 1) {
    elements_.resize(begin);
    elements_.push_back(first_set + static_cast<std::uint32_t>(sets_.size()));
    const std::uint32_t folded = fold_case_to_one(code_point);
    sets_.push_back({{{folded, folded}}, false});
  }
  repeated_.resize(elements_.size());
  repeated_.back() = true;
}

Pattern::Set Pattern::read_set(std::string_view inside) {
  Set set;
  set.negated = inside.size() > 1 && inside.front() == '^';
  if (set.negated) inside.remove_prefix(1);
  auto& ranges = set.ranges;
  for (std::size_t i = 0; i < inside.size();) {
    Character character = character_at(inside, i);
    i += character.length;
    const std::uint32_t first = fold_case_to_one(character.code_point);
    std::uint32_t last = first;
    if (i + 1 < inside.size() && inside[i] == '-') {
      character = character_at(inside, i + 1);
      i += 1 + character.length;
      last = fold_case_to_one(character.code_point);
    }
    if (first <= last) ranges.emplace_back(first, last);
  }
  std::sort(ranges.begin(), ranges.end());
  std::size_t kept = 0;
  for (const auto& range : ranges) {
    if (kept > 0 && range.first <= ranges[kept - 1].second)
      ranges[kept - 1].second = std::max(ranges[kept - 1].second, range.second);
    else
      ranges[kept++] = range;
  }
  ranges.resize(kept);
  return set;
}

bool Pattern::Set::contains(std::uint32_t code_point) const {
  const std::uint32_t member = fold_case_to_one(code_point);
  const auto behind = std::upper_bound(ranges.begin(), ranges.end(), member,
                                       [](std::uint32_t value, const auto& range) { return value < range.first; });
  return (behind != ranges.begin() && member <= std::prev(behind)->second) != negated;
}

bool Pattern::take(std::uint32_t element, Place& place) const {
  if (element == any) {
    place.next_character();
  } else if (element >= first_set) {
    if (!sets_[element - first_set].contains(place.written())) return false;
    place.next_character();
  } else {
    if (element != place.folded()) return false;
    place.next();
  }
  return true;
}

// All places of the pattern at once, after each part of a character.
bool Pattern::matches_repeats(std::string_view text) const {
  using Places = std::vector<bool>;
  const auto is_repeated = [&](std::size_t e) { return elements_[e] == rest || repeated_[e]; };
  const auto reach = [&](Places& places, std::size_t e) {
    for (; !places[e]; ++e) {
      places[e] = true;
      if (e == elements_.size() || !is_repeated(e)) return;
    }
  };
  std::array<Places, 4> after;  // so many parts of the present character
  for (Places& places : after) places.assign(elements_.size() + 1, false);
  reach(after[0], 0);
  for (std::size_t offset = 0; offset < text.size();) {
    const Character character = character_at(text, offset);
    const FoldedCharacter folded = fold_case(character.code_point);
    offset += character.length;
    for (std::size_t part = 0; part < folded.size; ++part) {
      for (std::size_t e = 0; e < elements_.size(); ++e) {
        if (!after[part][e]) continue;
        const std::uint32_t element = elements_[e];
        const std::size_t behind = is_repeated(e) ? e : e + 1;
        const bool is_whole = element == any || element >= first_set;  // takes what is left of the character
        const bool fits =
            element == any || element == rest ||
            (element >= first_set
                 ? sets_[element - first_set].contains(part == 0 ? character.code_point : folded.code_points[part])
                 : element == folded.code_points[part]);
        if (fits) reach(after[is_whole ? folded.size : part + 1], behind);
      }
    }
    std::swap(after[0], after[folded.size]);
    for (std::size_t part = 1; part <= folded.size; ++part) after[part].assign(elements_.size() + 1, false);
  }
  return after[0][elements_.size()];
}

bool Pattern::matches(std::string_view text) const {
  if (!repeated_.empty()) return matches_repeats(text);
  // Only the last % needs to be tried again: what the ones before it took cannot help any more.
  Place place(text);
  std::size_t e = 0;
  std::optional<std::size_t> after_rest;
  Place resume = place;
  while (!place.at_end()) {
    if (e < elements_.size() && elements_[e] == rest) {
      after_rest = ++e;
      if (e == elements_.size()) return true;
      resume = place;
    } else if (e < elements_.size() && take(elements_[e], place)) {
      ++e;
    } else if (after_rest) {
      e = *after_rest;
      resume.next();
      place = resume;
    } else {
      return false;
    }
  }
  return e == elements_.size() || (e + 1 == elements_.size() && elements_[e] == rest);
}

}  // namespace vmms::cim::wql
