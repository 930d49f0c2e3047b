// Msvm_Keyboard: types into a VM, as a user at its console does.
#include "base/text.hpp"
#include "base/waiting.hpp"
#include "providers/common/answer.hpp"
#include "providers/common/machine_pages.hpp"
#include "providers/machine/keys.hpp"
#include "schema/Msvm_Keyboard.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vmms::providers {

namespace {

using Keyboard = schema::msvm::Keyboard;
using hypervisor::VirtualMachine;
using hypervisor::VirtualMachinePtr;
using namespace std::chrono_literals;

constexpr std::string_view keyboard_id = "Microsoft:DE6CDC86-E1FB-4940-801B-C3C1A26C4DA4";

/// TypeText documents the codes of all methods here.
using Code = Keyboard::TypeText::Code;

constexpr std::size_t longest_text = 512;       // TypeText method of the Msvm_Keyboard class
constexpr std::size_t most_scancodes = 4096;    // ours
constexpr std::size_t most_keys_together = 16;  // of libvirt (VIR_DOMAIN_SEND_KEY_MAX_KEYS)
// How long each key is down, and then up: guests on slow machines miss keys that come faster. The hypervisor keeps only
// so many that it has not sent, and drops the rest, so we wait for each.
constexpr auto hold = 10ms;

/// The hypervisor presses and releases keys together, so a key that is pressed waits for the first release.
struct Keys {
  struct Pressed {
    KeyNumber key;
    bool sent = false;
  };

  TaskMutex typing;  ///< one caller types at a time
  std::vector<Pressed> pressed;
  std::optional<hypervisor::SystemTime> run;  ///< of the VM: another one has all keys up
};

Code code_of(const Status& status) {
  if (status) return Code::completed_with_no_error;
  switch (status.error().kind) {
    case Failure::invalid_state:
      return Code::invalid_state_for_this_operation;
    case Failure::timed_out:
      return Code::timeout;
    case Failure::unreachable:
    case Failure::busy:
      return Code::system_is_not_available;
    default:
      return Code::failed;
  }
}

/// One call at the keyboard of one VM.
class Typist {
 public:
  Typist(hypervisor::Consoles& consoles, const hypervisor::VirtualMachine& machine, Keys& keys,
         guest::Clock::time_point deadline)
      : consoles_(consoles), machine_(machine), keys_(keys), deadline_(deadline) {}

  bool is_pressed(KeyNumber key) const { return find(key) != keys_.pressed.end(); }

  Code press(KeyNumber key) {
    if (is_pressed(key)) return Code::completed_with_no_error;
    if (keys_.pressed.size() >= most_keys_together) return Code::system_is_in_use;
    keys_.pressed.push_back({key});
    return Code::completed_with_no_error;
  }

  Code release(KeyNumber key) {
    const auto found = find(key);
    if (found == keys_.pressed.end()) return Code::completed_with_no_error;
    const bool sent = found->sent;
    const Code answer = sent ? Code::completed_with_no_error : send({});
    keys_.pressed.erase(find(key));
    return answer;
  }

  /// Keys that are pressed stay so, and count.
  Code strike(std::initializer_list<KeyNumber> keys) { return send(keys); }

 private:
  std::vector<Keys::Pressed>::iterator find(KeyNumber key) const {
    return std::ranges::find(keys_.pressed, key, &Keys::Pressed::key);
  }

  Code send(std::initializer_list<KeyNumber> more) {
    std::vector<KeyNumber> together;
    for (Keys::Pressed& pressed : keys_.pressed) together.push_back(pressed.key);
    for (const KeyNumber key : more)
      if (!is_pressed(key)) together.push_back(key);
    if (together.size() > most_keys_together) return Code::system_is_in_use;
    const auto takes = 2 * hold * together.size();
    if (guest::Clock::now() + takes > deadline_) return Code::timeout;
    if (const Status pressed = consoles_.press_keys(machine_.id, together, hold); !pressed) return code_of(pressed);
    for (Keys::Pressed& pressed : keys_.pressed) pressed.sent = true;
    sleep_for(takes);
    return Code::completed_with_no_error;
  }

  hypervisor::Consoles& consoles_;
  const hypervisor::VirtualMachine& machine_;
  Keys& keys_;
  const guest::Clock::time_point deadline_;
};

struct KeyChange {
  KeyNumber key;
  bool down;
};

/// The keys in these scancodes of set 1. Nothing: they are not valid.
std::optional<std::vector<KeyChange>> read_scancodes(const std::vector<std::uint8_t>& codes) {
  constexpr std::uint8_t pause_codes[] = {0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5};
  std::vector<KeyChange> changes;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] == pause_codes[0]) {
      if (codes.size() - i < std::size(pause_codes) ||
          !std::equal(std::begin(pause_codes), std::end(pause_codes), &codes[i]))
        return std::nullopt;
      changes.insert(changes.end(), {{pause_key, true}, {pause_key, false}});
      i += std::size(pause_codes) - 1;
      continue;
    }
    const bool extended = codes[i] == 0xE0;
    if (extended && ++i == codes.size()) return std::nullopt;
    const auto code = static_cast<KeyNumber>(codes[i] & 0x7F);
    if (code == 0) return std::nullopt;
    if (extended && code == left_shift) continue;  // sent around some keys as if shift were pressed: not a key
    changes.push_back({static_cast<KeyNumber>(extended ? code | 0x80 : code), (codes[i] & 0x80) == 0});
  }
  return changes;
}

class KeyboardProvider : public schema::msvm::KeyboardProvider {
 public:
  explicit KeyboardProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<Keyboard>& query, cim::PageOf<Keyboard>& page) override {
    enumerate_by_machine(environment_, query, page, [](const VirtualMachine& machine) {
      return is_active(machine) ? std::optional(instance(machine)) : std::nullopt;
    });
  }

  Result<PressKey::Out> invoke(const cim::Context& context, PressKey, const Key& key, const PressKey::In& in) override {
    return answer<PressKey::Out>(
        at_key(context, key, in.key_code, [](Typist& typist, KeyNumber number) { return typist.press(number); }));
  }
  Result<ReleaseKey::Out> invoke(const cim::Context& context, ReleaseKey, const Key& key,
                                 const ReleaseKey::In& in) override {
    return answer<ReleaseKey::Out>(
        at_key(context, key, in.key_code, [](Typist& typist, KeyNumber number) { return typist.release(number); }));
  }
  Result<TypeKey::Out> invoke(const cim::Context& context, TypeKey, const Key& key, const TypeKey::In& in) override {
    return answer<TypeKey::Out>(
        at_key(context, key, in.key_code, [](Typist& typist, KeyNumber number) { return typist.strike({number}); }));
  }
  Result<IsKeyPressed::Out> invoke(const cim::Context& context, IsKeyPressed, const Key& key,
                                   const IsKeyPressed::In& in) override {
    IsKeyPressed::Out out;
    const auto code = at_key(context, key, in.key_code, [&](Typist& typist, KeyNumber number) {
      // VK_SHIFT, VK_CONTROL and VK_MENU are no keys, so they are never down (the method's page, Remarks).
      out.key_state = (in.key_code < 16U || in.key_code > 18U) && typist.is_pressed(number);
      return Code::completed_with_no_error;
    });
    return answer(code, std::move(out));
  }

  Result<TypeText::Out> invoke(const cim::Context& context, TypeText, const Key& key, const TypeText::In& in) override {
    std::vector<Stroke> strokes;
    const Code readable = in.ascii_text ? read_text(*in.ascii_text, strokes) : Code::invalid_parameter;
    return answer<TypeText::Out>(type(context, key, readable, [&](Typist& typist) {
      Code typed = Code::completed_with_no_error;
      for (auto stroke = strokes.begin(); typed == Code::completed_with_no_error && stroke != strokes.end(); ++stroke)
        typed = stroke->shift ? typist.strike({left_shift, stroke->key}) : typist.strike({stroke->key});
      return typed;
    }));
  }

  Result<TypeCtrlAltDel::Out> invoke(const cim::Context& context, TypeCtrlAltDel, const Key& key,
                                     const TypeCtrlAltDel::In&) override {
    return answer<TypeCtrlAltDel::Out>(type(context, key, Code::completed_with_no_error, [](Typist& typist) {
      return typist.strike({left_control, left_alt, delete_key});
    }));
  }

  Result<TypeScancodes::Out> invoke(const cim::Context& context, TypeScancodes, const Key& key,
                                    const TypeScancodes::In& in) override {
    const auto changes = in.scancodes && in.scancodes->size() <= most_scancodes
                             ? read_scancodes(*in.scancodes)
                             : std::optional<std::vector<KeyChange>>();
    const Code readable = changes ? Code::completed_with_no_error : Code::invalid_parameter;
    return answer<TypeScancodes::Out>(type(context, key, readable, [&](Typist& typist) {
      Code typed = Code::completed_with_no_error;
      for (auto change = changes->begin(); typed == Code::completed_with_no_error && change != changes->end(); ++change)
        typed = change->down ? typist.press(change->key) : typist.release(change->key);
      return typed;
    }));
  }

 private:
  static Keyboard instance(const hypervisor::VirtualMachine& machine) {
    Keyboard keyboard;
    keyboard.system_name = machine.id;
    keyboard.device_id = std::string(keyboard_id);
    return keyboard;
  }

  /// Nothing is typed of a text that cannot be typed to its end.
  static Code read_text(const std::string& text, std::vector<Stroke>& strokes) {
    if (text.size() > longest_text) return Code::invalid_parameter;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\r' && text.substr(i).starts_with("\r\n")) continue;
      const auto stroke = stroke_of(text[i] == '\r' ? '\n' : text[i]);
      if (!stroke) return Code::no_key_types_a_character_of_the_text;
      strokes.push_back(*stroke);
    }
    return Code::completed_with_no_error;
  }

  template <class Action>
  Result<Code> at_key(const cim::Context& context, const Key& key, const std::optional<std::uint32_t>& code,
                      const Action& action) {
    const auto number = code ? key_of_virtual_key(*code) : std::nullopt;
    return type(context, key, number ? Code::completed_with_no_error : Code::invalid_parameter,
                [&](Typist& typist) { return action(typist, *number); });
  }

  /// `parameters` says whether they are right; it is answered only for a keyboard that exists.
  template <class Action>
  Result<Code> type(const cim::Context& context, const Key& key, Code parameters, const Action& action) {
    const auto machine = find_machine(environment_, key.system_name);
    if (!machine) return machine.error();
    if (!equals_no_case(key.device_id, keyboard_id))
      return error(Failure::not_found, fmt::format("virtual machine '{}' has no keyboard {:.100}; it is {}",
                                                   (*machine)->name, key.device_id, keyboard_id));
    if (parameters != Code::completed_with_no_error) return parameters;
    if ((*machine)->power != hypervisor::PowerState::running) return Code::invalid_state_for_this_operation;
    const auto deadline = guest_deadline(context);
    const std::shared_ptr<Keys> keys = keys_of((*machine)->id);
    const std::unique_lock typing(keys->typing, deadline);
    if (!typing) return Code::timeout;
    if (std::exchange(keys->run, (*machine)->started) != (*machine)->started) keys->pressed.clear();
    Typist typist(environment_.host.consoles(), **machine, *keys, deadline);
    return action(typist);
  }

  std::shared_ptr<Keys> keys_of(const std::string& id) {
    const std::lock_guard lock(mutex_);
    if (keys_.size() >= sweep_at_) sweep();
    auto& keys = keys_[id];
    if (!keys) keys = std::make_shared<Keys>();
    return keys;
  }

  /// Of VMs without a caller, only those with keys down are kept. Under the mutex.
  void sweep() {
    std::erase_if(keys_, [&](const auto& each) {
      if (each.second.use_count() > 1) return false;
      const std::unique_lock typing(each.second->typing, std::try_to_lock);
      if (!typing) return false;
      const VirtualMachinePtr machine = environment_.host.machines().find(each.first);
      return each.second->pressed.empty() || !machine || machine->started != each.second->run;
    });
    sweep_at_ = std::max<std::size_t>(64, 2 * keys_.size());
  }

  Environment& environment_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Keys>, std::less<>> keys_;  ///< by VM
  std::size_t sweep_at_ = 64;                                       ///< so many of them
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::KeyboardProvider> make_provider(Environment& environment) {
  return std::make_unique<KeyboardProvider>(environment);
}

}  // namespace vmms::providers
