// Reads one TOML table strictly: every key must be known, every value of the right type and range.
#pragma once

#include <stdexcept>

namespace vmms::hypervisor::simulator {
/// Throws std::runtime_error.
[[noreturn]] void refuse_toml();
}  // namespace vmms::hypervisor::simulator

// Some malformed texts are no errors for toml++ but assertions, or assumptions in a release build (a table header such
// as `[.`): they become errors here. Found by description_fuzz.
#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(expression) (static_cast<bool>(expression) ? void() : vmms::hypervisor::simulator::refuse_toml())
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::hypervisor::simulator {

/// What is wrong with a description; caught where the file is read.
class DescriptionError : public std::runtime_error {
 public:
  DescriptionError(std::string_view file, const toml::source_region& where, const std::string& what);
};

/// Keys that are never asked for are errors: `finish` says so and lists those that were.
class TableReader {
 public:
  TableReader(const toml::table& table, std::string_view file) : table_(table), file_(file) {}

  bool has(std::string_view key) const { return table_.contains(key); }

  /// These leave `value` as it is when the key is missing.
  void read(std::string_view key, std::string& value);
  void read(std::string_view key, bool& value);
  void read(std::string_view key, std::vector<std::string>& value);
  void read(std::string_view key, std::int64_t& value, std::int64_t least, std::int64_t most);
  /// One of `words`: its position.
  template <class Enumeration>
  void read(std::string_view key, Enumeration& value, const std::vector<std::string_view>& words) {
    const std::size_t index = read_word(key, words);
    if (index < words.size()) value = static_cast<Enumeration>(index);
  }
  /// Calls `each` for a table, or for every table of an array of tables.
  void tables(std::string_view key, const std::function<void(const toml::table&)>& each);

  void finish() const;

  [[noreturn]] void fail(std::string_view key, const std::string& what) const;

 private:
  const toml::node* find(std::string_view key);
  [[noreturn]] void fail(const toml::node& node, const std::string& what) const;
  std::size_t read_word(std::string_view key, const std::vector<std::string_view>& words);

  const toml::table& table_;
  std::string_view file_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace vmms::hypervisor::simulator
