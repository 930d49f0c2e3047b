// An audit record: named fields, and the forms in which it is written.
#pragma once

#include "cim/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmms::cim {
struct Parameter;
}

namespace vmms::daemon {

/// Fields in the order in which they were added, bounded as a whole: values are cut, and marked with "…".
class AuditRecord {
 public:
  /// Text, cut after `most` bytes.
  void text(std::string_view name, std::string_view value, std::size_t most = 1024);
  void number(std::string_view name, std::int64_t value);
  void flag(std::string_view name) { json(name, "true"); }
  /// A value that is JSON already.
  void json(std::string_view name, std::string value);

  /// One JSON object (RFC 8259), one line.
  std::string as_json() const;
  /// `name=value` with blanks between; a value that is not one plain word is in quotation marks.
  std::string as_words() const;
  /// `VMMS_NAME=value` for the journal, each behind a `separator`, which no value holds.
  std::string as_journal_fields(char separator) const;

 private:
  struct Field {
    std::string_view name;  // a literal
    std::string value;
    bool is_text;
  };
  std::vector<Field> fields_;
};

/// Whether a property or parameter of this name may hold private data: passwords, typed text, and what users put into
/// files and key-value pairs.
bool is_secret(std::string_view name);

/// Appends a value as JSON, as far as `out` stays below `most` bytes; embedded instances as {"class": …, what is not
/// NULL}, secrets as how long they are.
void append_json(std::string& out, const cim::Value& value, std::size_t most, int depth = 0);
/// The same for a named value; secrets count.
void append_json_member(std::string& out, std::string_view name, const cim::Value& value, std::size_t most,
                        int depth = 0);

}  // namespace vmms::daemon
