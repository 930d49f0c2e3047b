#include "wire/http/chunked_body.hpp"

#include "base/text.hpp"
#include "wire/http/field_syntax.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

namespace vmms::wire::http {

namespace {

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

bool skip_token(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_token_character);
  const bool found = end != text.begin();
  text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
  return found;
}

/// Of text without control characters.
bool skip_quoted(std::string_view& text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

/// chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] ), RFC 9112 section 7.1.1.
bool are_extensions(std::string_view text) {
  while (!text.empty()) {
    skip_blanks(text);
    if (!text.starts_with(';')) return false;
    text.remove_prefix(1);
    skip_blanks(text);
    if (!skip_token(text)) return false;
    std::string_view behind = text;
    skip_blanks(behind);
    if (!behind.starts_with('=')) continue;
    behind.remove_prefix(1);
    skip_blanks(behind);
    if (!(behind.starts_with('"') ? skip_quoted(behind) : skip_token(behind))) return false;
    text = behind;
  }
  return true;
}

}  // namespace

bool ChunkedBody::fail(unsigned status, std::string reason) {
  status_ = status;
  reason_ = std::move(reason);
  return false;
}

ChunkedBody::Progress ChunkedBody::put(std::string_view bytes, std::size_t& used, std::string& body) {
  used = 0;
  if (status_ != 0) return Progress::failed;
  while (used < bytes.size() && !complete_) {
    if (left_ == 0) {
      if (!put_line(bytes, used)) return Progress::failed;
      continue;
    }
    const std::string_view piece =
        bytes.substr(used, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
    body += piece;
    used += piece.size();
    left_ -= piece.size();
  }
  return complete_ ? Progress::complete : Progress::need_more;
}

/// With the part of the current line that is there. A line that cannot become valid is refused now: its sender may wait
/// for the answer.
bool ChunkedBody::put_line(std::string_view bytes, std::size_t& used) {
  for (; used < bytes.size(); ++used) {
    const char c = bytes[used];
    const bool behind_return = line_.ends_with('\r');
    if (c == '\n') {
      if (!behind_return) break;
      ++used;
      line_.pop_back();
      const bool taken = take_line(line_);
      line_.clear();
      return taken;
    }
    if (behind_return) break;
    if (expected_ == Line::behind_data && c != '\r') return fail(400, "a chunk of the body is longer than it says");
    if (is_control(c) && c != '\r')
      return fail(400, "a control character stands where the body's chunks are told apart");
    if (line_.size() >= limits_.header_bytes) return fail(431, "the header of a chunk, or a trailer, is too large");
    line_ += c;
  }
  return used == bytes.size() || fail(400, "a line that tells the body's chunks apart does not end with CR LF");
}

bool ChunkedBody::take_line(std::string_view line) {
  switch (expected_) {
    case Line::size:
      return take_size(line);
    case Line::behind_data:
      expected_ = Line::size;
      return true;
    case Line::trailer:
      break;
  }
  return take_trailer(line);
}

bool ChunkedBody::take_size(std::string_view line) {
  const std::size_t digits = std::min(line.size(), line.find_first_not_of("0123456789abcdefABCDEF"));
  std::uint64_t size = 0;
  const auto number = std::from_chars(line.data(), line.data() + digits, size, 16);
  if (digits == 0 || number.ec != std::errc()) return fail(400, "the size of a chunk is no hexadecimal number");
  if (!are_extensions(line.substr(digits)))
    return fail(400, "a chunk has more than a size and extensions in its header");
  // RFC 9112 section 7.1.1 requires a bound for all together.
  framing_bytes_ += line.size() - digits;
  if (framing_bytes_ > limits_.header_bytes) return fail(431, "the extensions of the body's chunks are too large");
  if (size > limits_.body_bytes - decoded_)
    return fail(413, fmt::format("the body has more than {} bytes", limits_.body_bytes));
  decoded_ += static_cast<std::size_t>(size);
  left_ = size;
  expected_ = size == 0 ? Line::trailer : Line::behind_data;
  return true;
}

bool ChunkedBody::take_trailer(std::string_view line) {
  complete_ = line.empty();
  if (complete_) return true;
  framing_bytes_ += line.size();
  if (++trailers_ > limits_.header_fields || framing_bytes_ > limits_.header_bytes)
    return fail(431, "the body has too many trailers, or too large ones");
  if (is_blank(line.front())) return fail(400, "a trailer goes on in a second line");
  const std::string_view name = line.substr(0, line.find(':'));
  if (name.size() == line.size() || !is_token(name)) return fail(400, "a trailer is no field");
  if (equals_no_case(name, "Content-Length") || equals_no_case(name, "Transfer-Encoding"))
    return fail(400, fmt::format("a trailer says {}", name));
  return true;
}

}  // namespace vmms::wire::http
