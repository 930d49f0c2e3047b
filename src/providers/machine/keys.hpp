// The keys of a PC keyboard with the US layout.
#pragma once

#include <cstdint>
#include <optional>

namespace vmms::providers {

/// The number of a key: its scancode of set 1, and 0x80 more for those that are sent with the prefix 0xE0.
using KeyNumber = std::uint8_t;

inline constexpr KeyNumber left_shift = 0x2A;
inline constexpr KeyNumber left_control = 0x1D;
inline constexpr KeyNumber left_alt = 0x38;
inline constexpr KeyNumber pause_key = 0xC6;
inline constexpr KeyNumber delete_key = 0xD3;

/// By Windows' virtual-key code. VK_SHIFT, VK_CONTROL and VK_MENU are the keys on the left (PressKey method of the
/// Msvm_Keyboard class, Remarks).
std::optional<KeyNumber> key_of_virtual_key(std::uint32_t code);

struct Stroke {
  KeyNumber key;
  bool shift;
};
/// Nothing when no key types it.
std::optional<Stroke> stroke_of(char character);

}  // namespace vmms::providers
