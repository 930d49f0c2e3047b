#include "wire/xml/declaration.hpp"

#include "wire/xml/characters.hpp"

#include <algorithm>

namespace vmms::wire::xml {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_version(std::string_view text) {
  return text.size() > 2 && text.starts_with("1.") && std::all_of(text.begin() + 2, text.end(), is_digit);
}

bool is_encoding(std::string_view text) {
  return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '_' || c == '-';
  });
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool take(std::string_view what) {
    if (!rest_.starts_with(what)) return false;
    rest_.remove_prefix(what.size());
    return true;
  }
  bool space() {
    const std::size_t before = rest_.size();
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
    return rest_.size() != before;
  }
  /// White space, the name, "=" and a value in quotes; takes nothing when it is not there.
  std::optional<std::string_view> value(std::string_view name) {
    const std::string_view before = rest_;
    if (space() && take(name)) {
      space();
      if (take("=")) {
        space();
        const char quote = rest_.empty() ? '\0' : rest_.front();
        const std::size_t end = quote == '"' || quote == '\'' ? rest_.find(quote, 1) : std::string_view::npos;
        if (end != std::string_view::npos) {
          const std::string_view found = rest_.substr(1, end - 1);
          rest_.remove_prefix(end + 1);
          return found;
        }
      }
    }
    rest_ = before;
    return std::nullopt;
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

std::optional<Declaration> read_declaration(std::string_view text) {
  Reader reader(text);
  if (!reader.take("<?xml")) return std::nullopt;
  if (!is_version(reader.value("version").value_or(std::string_view()))) return std::nullopt;
  const auto encoding = reader.value("encoding");
  if (encoding && !is_encoding(*encoding)) return std::nullopt;
  const auto standalone = reader.value("standalone");
  if (standalone && *standalone != "yes" && *standalone != "no") return std::nullopt;
  reader.space();
  if (!reader.take("?>") || !reader.done()) return std::nullopt;
  return Declaration{encoding.value_or(std::string_view())};
}

}  // namespace vmms::wire::xml
