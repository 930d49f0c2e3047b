// The bytes before a response's body.
#pragma once

#include "wire/http/exchange.hpp"

#include <cstddef>
#include <string>

namespace vmms::wire::http {

enum class Persistence { keep_alive, keep_alive_1_0, close };

/// Writes status line and header fields, with the empty line, over `head`. A name or value in `response.headers` with a
/// control character is left out: it would be another header, or another response, for the client.
void write_head(std::string& head, const Response& response, std::size_t body_bytes, Persistence persistence);

/// A small text/plain response; `text` is one sentence for the person who reads it.
Response plain_response(unsigned status, std::string_view text);

}  // namespace vmms::wire::http
