#include "providers/machine/keys.hpp"

#include <algorithm>
#include <iterator>

namespace vmms::providers {

namespace {

struct Key {
  std::uint8_t virtual_key;
  KeyNumber number;
  char plain = 0;  ///< what it types; 0: nothing
  char shifted = 0;
};

constexpr Key keys[] = {
    {0x08, 0x0E, '\b'},      // VK_BACK
    {0x09, 0x0F, '\t'},      // VK_TAB
    {0x0D, 0x1C, '\n'},      // VK_RETURN
    {0x10, left_shift},      // VK_SHIFT
    {0x11, left_control},    // VK_CONTROL
    {0x12, left_alt},        // VK_MENU
    {0x13, pause_key},       // VK_PAUSE
    {0x14, 0x3A},            // VK_CAPITAL
    {0x1B, 0x01, '\x1B'},    // VK_ESCAPE
    {0x20, 0x39, ' ', ' '},  // VK_SPACE
    {0x21, 0xC9},            // VK_PRIOR
    {0x22, 0xD1},            // VK_NEXT
    {0x23, 0xCF},            // VK_END
    {0x24, 0xC7},            // VK_HOME
    {0x25, 0xCB},            // VK_LEFT
    {0x26, 0xC8},            // VK_UP
    {0x27, 0xCD},            // VK_RIGHT
    {0x28, 0xD0},            // VK_DOWN
    {0x2C, 0x54},            // VK_SNAPSHOT
    {0x2D, 0xD2},            // VK_INSERT
    {0x2E, delete_key},      // VK_DELETE
    {0x30, 0x0B, '0', ')'},
    {0x31, 0x02, '1', '!'},
    {0x32, 0x03, '2', '@'},
    {0x33, 0x04, '3', '#'},
    {0x34, 0x05, '4', '$'},
    {0x35, 0x06, '5', '%'},
    {0x36, 0x07, '6', '^'},
    {0x37, 0x08, '7', '&'},
    {0x38, 0x09, '8', '*'},
    {0x39, 0x0A, '9', '('},
    {0x41, 0x1E, 'a', 'A'},
    {0x42, 0x30, 'b', 'B'},
    {0x43, 0x2E, 'c', 'C'},
    {0x44, 0x20, 'd', 'D'},
    {0x45, 0x12, 'e', 'E'},
    {0x46, 0x21, 'f', 'F'},
    {0x47, 0x22, 'g', 'G'},
    {0x48, 0x23, 'h', 'H'},
    {0x49, 0x17, 'i', 'I'},
    {0x4A, 0x24, 'j', 'J'},
    {0x4B, 0x25, 'k', 'K'},
    {0x4C, 0x26, 'l', 'L'},
    {0x4D, 0x32, 'm', 'M'},
    {0x4E, 0x31, 'n', 'N'},
    {0x4F, 0x18, 'o', 'O'},
    {0x50, 0x19, 'p', 'P'},
    {0x51, 0x10, 'q', 'Q'},
    {0x52, 0x13, 'r', 'R'},
    {0x53, 0x1F, 's', 'S'},
    {0x54, 0x14, 't', 'T'},
    {0x55, 0x16, 'u', 'U'},
    {0x56, 0x2F, 'v', 'V'},
    {0x57, 0x11, 'w', 'W'},
    {0x58, 0x2D, 'x', 'X'},
    {0x59, 0x15, 'y', 'Y'},
    {0x5A, 0x2C, 'z', 'Z'},
    {0x5B, 0xDB},  // VK_LWIN
    {0x5C, 0xDC},  // VK_RWIN
    {0x5D, 0xDD},  // VK_APPS
    {0x60, 0x52},  // VK_NUMPAD0 and on
    {0x61, 0x4F},
    {0x62, 0x50},
    {0x63, 0x51},
    {0x64, 0x4B},
    {0x65, 0x4C},
    {0x66, 0x4D},
    {0x67, 0x47},
    {0x68, 0x48},
    {0x69, 0x49},
    {0x6A, 0x37},  // VK_MULTIPLY
    {0x6B, 0x4E},  // VK_ADD
    {0x6D, 0x4A},  // VK_SUBTRACT
    {0x6E, 0x53},  // VK_DECIMAL
    {0x6F, 0xB5},  // VK_DIVIDE
    {0x70, 0x3B},  // VK_F1 and on
    {0x71, 0x3C},
    {0x72, 0x3D},
    {0x73, 0x3E},
    {0x74, 0x3F},
    {0x75, 0x40},
    {0x76, 0x41},
    {0x77, 0x42},
    {0x78, 0x43},
    {0x79, 0x44},
    {0x7A, 0x57},
    {0x7B, 0x58},
    {0x90, 0x45},             // VK_NUMLOCK
    {0x91, 0x46},             // VK_SCROLL
    {0xA0, left_shift},       // VK_LSHIFT
    {0xA1, 0x36},             // VK_RSHIFT
    {0xA2, left_control},     // VK_LCONTROL
    {0xA3, 0x9D},             // VK_RCONTROL
    {0xA4, left_alt},         // VK_LMENU
    {0xA5, 0xB8},             // VK_RMENU
    {0xBA, 0x27, ';', ':'},   // VK_OEM_1
    {0xBB, 0x0D, '=', '+'},   // VK_OEM_PLUS
    {0xBC, 0x33, ',', '<'},   // VK_OEM_COMMA
    {0xBD, 0x0C, '-', '_'},   // VK_OEM_MINUS
    {0xBE, 0x34, '.', '>'},   // VK_OEM_PERIOD
    {0xBF, 0x35, '/', '?'},   // VK_OEM_2
    {0xC0, 0x29, '`', '~'},   // VK_OEM_3
    {0xDB, 0x1A, '[', '{'},   // VK_OEM_4
    {0xDC, 0x2B, '\\', '|'},  // VK_OEM_5
    {0xDD, 0x1B, ']', '}'},   // VK_OEM_6
    {0xDE, 0x28, '\'', '"'},  // VK_OEM_7
    {0xE2, 0x56},             // VK_OEM_102
};

}  // namespace

std::optional<KeyNumber> key_of_virtual_key(std::uint32_t code) {
  const auto* const found = std::ranges::find(keys, code, &Key::virtual_key);
  return found == std::end(keys) ? std::nullopt : std::optional(found->number);
}

std::optional<Stroke> stroke_of(char character) {
  if (character == 0) return std::nullopt;
  for (const Key& key : keys) {
    if (key.plain == character) return Stroke{key.number, false};
    if (key.shifted == character) return Stroke{key.number, true};
  }
  return std::nullopt;
}

}  // namespace vmms::providers
