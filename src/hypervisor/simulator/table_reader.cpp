#include "hypervisor/simulator/table_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace vmms::hypervisor::simulator {

void refuse_toml() { throw std::runtime_error("this is no TOML"); }

DescriptionError::DescriptionError(std::string_view file, const toml::source_region& where, const std::string& what)
    : std::runtime_error(fmt::format("{}:{}:{}: {}", file, where.begin.line, where.begin.column, what)) {}

void TableReader::fail(const toml::node& node, const std::string& what) const {
  throw DescriptionError(file_, node.source(), what);
}

void TableReader::fail(std::string_view key, const std::string& what) const {
  const toml::node* node = table_.get(key);
  fail(node == nullptr ? table_ : *node, what);
}

const toml::node* TableReader::find(std::string_view key) {
  known_.emplace(key);
  return table_.get(key);
}

void TableReader::read(std::string_view key, std::string& value) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto* text = node->as_string();
  if (text == nullptr) fail(*node, fmt::format("\"{}\" must be a text", key));
  value = text->get();
}

void TableReader::read(std::string_view key, bool& value) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto* flag = node->as_boolean();
  if (flag == nullptr) fail(*node, fmt::format("\"{}\" must be true or false", key));
  value = flag->get();
}

void TableReader::read(std::string_view key, std::vector<std::string>& value) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const toml::array* texts = node->as_array();
  if (texts == nullptr) fail(*node, fmt::format("\"{}\" must be a list of texts", key));
  value.clear();
  for (const toml::node& element : *texts) {
    const auto* text = element.as_string();
    if (text == nullptr) fail(element, fmt::format("\"{}\" must hold texts only", key));
    value.push_back(text->get());
  }
}

void TableReader::read(std::string_view key, std::int64_t& value, std::int64_t least, std::int64_t most) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  const auto* number = node->as_integer();
  if (number == nullptr || number->get() < least || number->get() > most)
    fail(*node, fmt::format("\"{}\" must be a whole number from {} to {}", key, least, most));
  value = number->get();
}

std::size_t TableReader::read_word(std::string_view key, const std::vector<std::string_view>& words) {
  const toml::node* node = find(key);
  if (node == nullptr) return words.size();
  const auto* text = node->as_string();
  for (std::size_t i = 0; text != nullptr && i < words.size(); ++i)
    if (text->get() == words[i]) return i;
  fail(*node, fmt::format("\"{}\" must be one of \"{}\"", key, fmt::join(words, "\", \"")));
}

void TableReader::tables(std::string_view key, const std::function<void(const toml::table&)>& each) {
  const toml::node* node = find(key);
  if (node == nullptr) return;
  if (const toml::table* table = node->as_table(); table != nullptr) return each(*table);
  const toml::array* array = node->as_array();
  if (array == nullptr) fail(*node, fmt::format("\"{}\" must be a table", key));
  for (const toml::node& element : *array) {
    const toml::table* table = element.as_table();
    if (table == nullptr) fail(element, fmt::format("\"{}\" must hold tables only", key));
    each(*table);
  }
}

void TableReader::finish() const {
  for (const auto& [key, node] : table_)
    if (known_.find(key.str()) == known_.end())
      throw DescriptionError(file_, key.source(),
                             fmt::format("unknown key \"{}\"; known here: {}", key.str(), fmt::join(known_, ", ")));
}

}  // namespace vmms::hypervisor::simulator
