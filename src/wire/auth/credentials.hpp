// What an Authorization field says.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vmms::wire::auth {

struct Credentials {
  std::string user;
  std::string password;
};

/// Whether the value of an Authorization field uses the scheme Basic; schemes have no case (RFC 9110 section 11.1).
bool is_basic(std::string_view authorization);

/// Decodes it (RFC 7617): base64 of USER:PASSWORD in UTF-8, without control characters. Nothing when it is anything
/// else.
std::optional<Credentials> decode_basic(std::string_view authorization);

/// Whether `text` is UTF-8 without control characters.
bool is_clean_text(std::string_view text);

}  // namespace vmms::wire::auth
