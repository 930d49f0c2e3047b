#include "wire/xml/simple_types.hpp"

#include "wire/xml/characters.hpp"

#include <charconv>
#include <limits>

namespace vmms::wire::xml {

std::optional<bool> read_boolean(std::string_view text) {
  text = trim(text);
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  return std::nullopt;
}

std::optional<std::uint64_t> read_unsigned(std::string_view text) {
  text = trim(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem == std::errc::invalid_argument || end != text.data() + text.size()) return std::nullopt;
  if (problem == std::errc::result_out_of_range) value = std::numeric_limits<std::uint64_t>::max();
  if (negative && value != 0) return std::nullopt;
  return value;
}

}  // namespace vmms::wire::xml
