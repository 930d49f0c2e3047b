#include "daemon/audit_record.hpp"

#include "base/escaped.hpp"
#include "base/shortened.hpp"
#include "base/text.hpp"
#include "cim/instance.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace vmms::daemon {

namespace {

constexpr std::size_t longest_value = 256;
constexpr int deepest_value = 4;
constexpr std::string_view cut = "\"…\"";

bool is_plain_word(std::string_view text) {
  static constexpr std::string_view marks = "._:/@+-[]";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || marks.find(c) != marks.npos;
  });
}

std::size_t size_of(const cim::Value& value) {
  if (const auto* text = value.get_if<std::string>()) return text->size();
  if (const auto* array = value.get_if<cim::Array>()) return array->size();
  return cim::to_text(value).size();
}

void append_instance(std::string& out, const cim::Instance& instance, std::size_t most, int depth) {
  out += "{\"class\":";
  append_json_string(out, instance.cim_class().name);
  for (std::size_t i = 0; i < instance.values.size(); ++i) {
    if (instance.values[i].is_null()) continue;
    out += ',';
    append_json_member(out, instance.cim_class().properties[i].name, instance.values[i], most, depth + 1);
  }
  out += '}';
}

}  // namespace

void AuditRecord::text(std::string_view name, std::string_view value, std::size_t most) {
  fields_.push_back({name, shortened(value, most), true});
}

void AuditRecord::number(std::string_view name, std::int64_t value) { json(name, std::to_string(value)); }

void AuditRecord::json(std::string_view name, std::string value) { fields_.push_back({name, std::move(value), false}); }

std::string AuditRecord::as_json() const {
  std::string out;
  for (const Field& field : fields_) {
    out += out.empty() ? "{\"" : ",\"";
    out.append(field.name) += "\":";
    if (field.is_text)
      append_json_string(out, field.value);
    else
      out += field.value;
  }
  return out + '}';
}

std::string AuditRecord::as_words() const {
  std::string out;
  for (const Field& field : fields_) {
    if (!out.empty()) out += ' ';
    out.append(field.name) += '=';
    if (field.is_text && !is_plain_word(field.value))
      append_json_string(out, field.value);
    else
      out += field.value;
  }
  return out;
}

std::string AuditRecord::as_journal_fields(char separator) const {
  std::string out;
  for (const Field& field : fields_) {
    (out += separator) += "VMMS_" + to_upper(field.name) + '=';
    append_escaped(out, field.value);  // no separator is left in it, nor in JSON
  }
  return out;
}

bool is_secret(std::string_view name) {
  constexpr std::string_view parts[] = {
      "password", "passphrase", "secret",  "credential", "keyprotector",
      "token",    "asciitext",  "keycode", "scancode"};  // what is typed may be a password
  const std::string lower = to_lower(name);
  return lower == "data" || std::any_of(std::begin(parts), std::end(parts),
                                        [&](std::string_view part) { return lower.find(part) != std::string::npos; });
}

void append_json(std::string& out, const cim::Value& value, std::size_t most, int depth) {
  if (out.size() >= most || depth > deepest_value) {
    out += cut;
  } else if (value.is_null()) {
    out += "null";
  } else if (const auto* array = value.get_if<cim::Array>()) {
    out += '[';
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i > 0) out += ',';
      append_json(out, (*array)[i], most, depth + 1);
      if (out.size() >= most && i + 1 < array->size()) {
        out.append(",").append(cut);
        break;
      }
    }
    out += ']';
  } else if (const auto* instance = value.get_if<cim::InstancePtr>()) {
    append_instance(out, **instance, most, depth);
  } else if (const auto* path = value.get_if<cim::ObjectPathPtr>()) {
    append_json_string(out, shortened((*path)->to_string(), longest_value));
  } else if (value.get_if<bool>() || value.get_if<std::uint64_t>() || value.get_if<std::int64_t>()) {
    out += cim::to_text(value);
  } else {
    append_json_string(out, shortened(cim::to_text(value), longest_value));
  }
}

void append_json_member(std::string& out, std::string_view name, const cim::Value& value, std::size_t most, int depth) {
  append_json_string(out, name);
  out += ':';
  if (is_secret(name) && !value.is_null())
    append_json_string(out, fmt::format("({} bytes)", size_of(value)));
  else
    append_json(out, value, most, depth);
}

}  // namespace vmms::daemon
