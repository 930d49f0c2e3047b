#include "cim/object_path.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <optional>

namespace vmms::cim {

bool operator==(const KeyBinding& left, const KeyBinding& right) {
  if (!equals_no_case(left.name, right.name)) return false;
  if (left.reference && right.reference) return same_object(*left.reference, *right.reference);
  return !left.reference == !right.reference && left.value == right.value;
}

namespace {

constexpr bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

class PathReader {
 public:
  PathReader(std::string_view text, int depth) : text_(text), depth_(depth) {}

  Result<ObjectPath> read() {
    ObjectPath path;
    if (depth_ > ObjectPath::deepest) return expected("a path nested less deeply");
    const auto colon = namespace_end();
    if (colon) {
      std::string space(text_.substr(0, *colon));
      std::replace(space.begin(), space.end(), '\\', '/');
      if (space.starts_with("//")) {
        const auto slash = space.find('/', 2);
        if (slash == std::string::npos) return expected("a namespace after the host");
        path.host = space.substr(2, slash - 2);
        space.erase(0, slash);
      }
      space.erase(0, std::min(space.find_first_not_of('/'), space.size()));
      const bool has_gaps = space.ends_with('/') || space.find("//") != std::string::npos;
      if (has_gaps || (space.empty() && !path.host.empty()))
        return expected("a namespace, names between single slashes");
      path.namespace_name = std::move(space);
      position_ = *colon + 1;
    }
    path.class_name = name();
    if (path.class_name.empty()) return expected("a class name");
    if (done()) return path;
    if (take('=')) return only_key(std::move(path));
    if (!take('.')) return expected("\".\" before the keys");
    do {
      KeyBinding key;
      key.name = name();
      if (key.name.empty()) return expected("a key name");
      if (path.keys.size() == ObjectPath::most_keys) return expected("fewer keys");
      if (path.find(key.name)) return expected("each key once");
      if (!take('=')) return expected("\"=\" after the key name");
      if (const Status status = value(key); !status) return status.error();
      path.keys.push_back(std::move(key));
    } while (take(','));
    if (!done()) return expected("\",\" or the end of the path");
    return path;
  }

 private:
  bool done() const { return position_ == text_.size(); }
  bool take(char c) {
    if (done() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  std::string name() {
    const std::size_t start = position_;
    while (!done() && is_name(text_[position_])) ++position_;
    return std::string(text_.substr(start, position_ - start));
  }
  // The colon that ends the namespace; one before the port of a host is none, nor one inside a quoted key value.
  std::optional<std::size_t> namespace_end() const {
    const bool has_host = text_.starts_with("//") || text_.starts_with("\\\\");
    const auto host_end = has_host ? text_.find_first_of("/\\\"'=", 2) : 0;
    const auto end = text_.find_first_of(":\"'=", host_end);
    if (end == std::string_view::npos || text_[end] != ':') return {};
    return end;
  }
  // `Class=@`, or the value of the class's only key, which need not be named.
  Result<ObjectPath> only_key(ObjectPath path) {
    if (!take('@')) {
      KeyBinding key;
      if (const Status status = value(key); !status) return status.error();
      path.keys.push_back(std::move(key));
    }
    if (!done()) return expected("the end of the path");
    return path;
  }
  Status value(KeyBinding& key) {
    if (done()) return expected("a key value");
    const char quote = text_[position_];
    if (quote != '"' && quote != '\'') {
      const std::size_t start = position_;
      while (!done() && (is_name(text_[position_]) || text_[position_] == '-' || text_[position_] == '+' ||
                         text_[position_] == '.'))
        ++position_;
      if (position_ == start) return expected("a key value");
      key.value = text_.substr(start, position_ - start);
      return {};
    }
    ++position_;
    while (!done() && text_[position_] != quote) {
      // A backslash before a character that needs none stands for itself, as on real hosts.
      const char next = position_ + 1 < text_.size() ? text_[position_ + 1] : '\0';
      if (text_[position_] == '\\' && (next == '\\' || next == '"' || next == '\'')) ++position_;
      key.value += text_[position_++];
    }
    if (!take(quote)) return expected("the closing quote");
    // A reference key is a path in quotes. Anything that reads as a path with a namespace or keys is taken as one.
    if (key.value.find(".") != std::string::npos && key.value.find("=") != std::string::npos) {
      auto nested = PathReader(key.value, depth_ + 1).read();
      if (nested) key.reference = std::make_shared<const ObjectPath>(std::move(*nested));
    }
    return {};
  }
  Error expected(std::string_view what) const {
    return error(Failure::invalid_argument, fmt::format("object path \"{}\": expected {} at position {}",
                                                        text_.substr(0, 200), what, position_ + 1));
  }

  std::string_view text_;
  std::size_t position_ = 0;
  int depth_;
};

}  // namespace

Result<ObjectPath> ObjectPath::parse(std::string_view text) { return PathReader(text, 0).read(); }

namespace {

// Writes straight to the end of the text, without what is inside in between, and stops where it is full.
class PathWriter {
 public:
  PathWriter(std::string& text, std::size_t most) : text_(text), most_(most) {}

  bool write(const ObjectPath& path, unsigned level = 0) {
    if (level > ObjectPath::deepest + 1) return false;
    if (!path.host.empty() && !(put("\\\\", level) && put(path.host, level) && put("\\", level))) return false;
    if (!path.namespace_name.empty()) {
      for (const char c : path.namespace_name)
        if (!put(c == '/' && !path.host.empty() ? '\\' : c, level)) return false;
      if (!put(":", level)) return false;
    }
    if (!put(path.class_name, level)) return false;
    char separator = '.';
    for (const KeyBinding& key : path.keys) {
      if (!key.name.empty() && (!put(separator, level) || !put(key.name, level))) return false;
      if (!put("=\"", level)) return false;
      // Only the class decides whether a text that looks like a path is one: it stays as it was read.
      const bool from_text = !key.reference || !key.value.empty();
      if (from_text ? !put(key.value, level + 1) : !write(*key.reference, level + 1)) return false;
      if (!put('"', level)) return false;
      separator = ',';
    }
    return true;
  }

 private:
  // A character inside so many pairs of quotes: each pair puts a backslash before each that is there, and before it.
  bool put(char c, unsigned level) {
    const std::size_t escapes = c == '"' || c == '\\' ? (std::size_t{1} << level) - 1 : 0;
    if (escapes + 1 > most_ - text_.size()) return false;
    text_.append(escapes, '\\');
    text_ += c;
    return true;
  }
  bool put(std::string_view text, unsigned level) {
    for (;;) {
      const std::size_t plain = level == 0 ? text.size() : std::min(text.size(), text.find_first_of("\"\\"));
      const std::size_t room = most_ - text_.size();
      text_.append(text.substr(0, std::min(plain, room)));
      if (plain > room) return false;
      if (plain == text.size()) return true;
      if (!put(text[plain], level)) return false;
      text.remove_prefix(plain + 1);
    }
  }

  std::string& text_;
  const std::size_t most_;
};

}  // namespace

std::string ObjectPath::to_string(std::size_t most) const {
  std::string text;
  if (PathWriter(text, most).write(*this)) return text;
  // No half of a character (UTF-8).
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0U) == 0x80U) text.pop_back();
  if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xC0U) text.pop_back();
  return text + "…";
}

std::string describe(const ObjectPath& path) {
  constexpr std::size_t most = 1024;
  return path.to_string(most);
}

const KeyBinding* find_repeated(const std::vector<KeyBinding>& keys) {
  for (auto key = keys.begin(); key != keys.end(); ++key)
    if (std::any_of(keys.begin(), key, [&](const KeyBinding& other) { return equals_no_case(other.name, key->name); }))
      return &*key;
  return nullptr;
}

const KeyBinding* ObjectPath::find(std::string_view key_name) const {
  for (const KeyBinding& key : keys)
    if (equals_no_case(key.name, key_name)) return &key;
  return nullptr;
}

std::string_view ObjectPath::value(std::string_view key_name) const {
  const KeyBinding* key = find(key_name);
  return key ? std::string_view(key->value) : std::string_view{};
}

namespace {

template <class EqualKeys>
bool same(const ObjectPath& left, const ObjectPath& right, EqualKeys equal_keys) {
  if (!equals_no_case(left.class_name, right.class_name) || left.keys.size() != right.keys.size()) return false;
  if (!left.namespace_name.empty() && !right.namespace_name.empty() &&
      !equals_no_case(left.namespace_name, right.namespace_name))
    return false;
  return std::all_of(left.keys.begin(), left.keys.end(), [&](const KeyBinding& key) {
    const KeyBinding* other = right.find(key.name);
    return other && equal_keys(key, *other);
  });
}

}  // namespace

bool same_object(const ObjectPath& left, const ObjectPath& right) { return same(left, right, std::equal_to<>()); }

bool similar_object(const ObjectPath& left, const ObjectPath& right) {
  const auto any = [](const std::string& host) { return host.empty() || host == "."; };
  if (!any(left.host) && !any(right.host) && !equals_no_case(left.host, right.host)) return false;
  return same(left, right, [](const KeyBinding& key, const KeyBinding& other) {
    if (key.reference && other.reference) return similar_object(*key.reference, *other.reference);
    return equals_no_case(key.value, other.value);
  });
}

}  // namespace vmms::cim
