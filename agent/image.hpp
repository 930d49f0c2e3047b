// The built program, as vmmsd carries it.
#pragma once

#include <cstddef>
#include <string_view>

extern "C" {
extern const char vmms_agent_begin[];
extern const char vmms_agent_end[];
extern const char vmms_agent_sha256[];
}

namespace vmms::agent {

inline std::string_view image() {
  return {vmms_agent_begin, static_cast<std::size_t>(vmms_agent_end - vmms_agent_begin)};
}
/// In hexadecimal.
inline std::string_view image_sha256() { return vmms_agent_sha256; }

}  // namespace vmms::agent
