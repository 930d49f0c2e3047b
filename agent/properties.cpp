#include "agent/properties.hpp"

#include <string_view>
#include <vector>

namespace vmms::agent {

namespace {

// The host bounds what it keeps; this bounds what travels.
constexpr std::size_t text_limit = 1024;
constexpr std::size_t names_limit = 64;

std::uint64_t number_at(DBusMessageIter* at) {
  DBusBasicValue value{};
  switch (dbus_message_iter_get_arg_type(at)) {
    case DBUS_TYPE_INT32:
      dbus_message_iter_get_basic(at, &value);
      return static_cast<std::uint64_t>(static_cast<std::int64_t>(value.i32));
    case DBUS_TYPE_UINT32:
      dbus_message_iter_get_basic(at, &value);
      return value.u32;
    case DBUS_TYPE_UINT64:
      dbus_message_iter_get_basic(at, &value);
      return value.u64;
    default:
      return 0;
  }
}

std::vector<std::string> texts_at(DBusMessageIter* at) {
  std::vector<std::string> texts;
  if (dbus_message_iter_get_arg_type(at) != DBUS_TYPE_ARRAY) return texts;
  DBusMessageIter each;
  dbus_message_iter_recurse(at, &each);
  for (; dbus_message_iter_get_arg_type(&each) == DBUS_TYPE_STRING && texts.size() < names_limit;
       dbus_message_iter_next(&each))
    texts.push_back(text_at(&each));
  return texts;
}

struct Text {
  std::string_view name;
  std::string guest::protocol::Unit::*member;
};
constexpr Text texts[] = {{"Id", &guest::protocol::Unit::name},
                          {"Description", &guest::protocol::Unit::description},
                          {"LoadState", &guest::protocol::Unit::load_state},
                          {"ActiveState", &guest::protocol::Unit::active_state},
                          {"SubState", &guest::protocol::Unit::sub_state},
                          {"UnitFileState", &guest::protocol::Unit::unit_file_state},
                          {"Type", &guest::protocol::Unit::type},
                          {"Result", &guest::protocol::Unit::result}};
struct Number {
  std::string_view name;
  std::uint32_t guest::protocol::Unit::*member;
};
constexpr Number numbers[] = {{"MainPID", &guest::protocol::Unit::main_process_id},
                              {"ExecMainCode", &guest::protocol::Unit::end_code},
                              {"ExecMainStatus", &guest::protocol::Unit::end_status}};

void set_property(guest::protocol::Unit& unit, std::string_view name, DBusMessageIter* value) {
  for (const Text& text : texts)
    if (text.name == name) unit.*text.member = text_at(value);
  for (const Number& number : numbers)
    if (number.name == name) unit.*number.member = static_cast<std::uint32_t>(number_at(value));
  if (name == "Names") unit.names = texts_at(value);
  if (name == "StateChangeTimestamp") unit.state_changed = number_at(value);
}

template <class Visit>
void for_each_property(DBusMessageIter* array, const Visit& visit) {
  if (dbus_message_iter_get_arg_type(array) != DBUS_TYPE_ARRAY) return;
  DBusMessageIter pair;
  dbus_message_iter_recurse(array, &pair);
  for (; dbus_message_iter_get_arg_type(&pair) == DBUS_TYPE_DICT_ENTRY; dbus_message_iter_next(&pair)) {
    DBusMessageIter member;
    dbus_message_iter_recurse(&pair, &member);
    const std::string name = text_at(&member);
    dbus_message_iter_next(&member);
    if (dbus_message_iter_get_arg_type(&member) != DBUS_TYPE_VARIANT) continue;
    DBusMessageIter value;
    dbus_message_iter_recurse(&member, &value);
    visit(name, &value);
  }
}

}  // namespace

std::string text_at(DBusMessageIter* at) {
  const int type = dbus_message_iter_get_arg_type(at);
  if (type != DBUS_TYPE_STRING && type != DBUS_TYPE_OBJECT_PATH) return {};
  const char* text = nullptr;
  dbus_message_iter_get_basic(at, &text);
  return std::string(std::string_view(text).substr(0, text_limit));
}

void set_properties(guest::protocol::Unit& unit, DBusMessageIter* array) {
  for_each_property(array, [&](std::string_view name, DBusMessageIter* value) { set_property(unit, name, value); });
}

std::optional<bool> conditions_held(DBusMessageIter* array) {
  std::optional<bool> held;
  bool looked_at = false;
  for_each_property(array, [&](std::string_view name, DBusMessageIter* value) {
    if (name == "ConditionTimestampMonotonic") looked_at = number_at(value) != 0;
    if (name != "ConditionResult" || dbus_message_iter_get_arg_type(value) != DBUS_TYPE_BOOLEAN) return;
    dbus_bool_t result = FALSE;
    dbus_message_iter_get_basic(value, &result);
    held = result != FALSE;
  });
  return looked_at ? held : std::nullopt;
}

}  // namespace vmms::agent
