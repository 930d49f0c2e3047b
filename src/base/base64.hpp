// Base64 (RFC 4648 section 4), as the agent protocol and transfers carry bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vmms {

std::string encode_base64(std::string_view bytes);

/// Nothing when the text is not exactly what encode_base64 gives for some bytes: no line breaks, full padding.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace vmms
