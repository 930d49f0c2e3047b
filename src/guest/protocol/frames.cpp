#include "guest/protocol/frames.hpp"

#include <type_traits>
#include <utility>

namespace vmms::guest::protocol {

namespace {

// The members of each message, once for both directions.
template <class A>
void members(A& a, Segment& m) {
  a(m.offset), a(m.length);
}
template <class A>
void members(A& a, Unit& m) {
  a(m.name), a(m.names), a(m.description), a(m.load_state), a(m.active_state), a(m.sub_state), a(m.unit_file_state);
  a(m.type), a(m.result), a(m.main_process_id), a(m.end_code), a(m.end_status), a(m.state_changed);
}
template <class A>
void members(A& a, Ping& m) {
  a(m.id);
}
template <class A>
void members(A& a, Start& m) {
  a(m.id), a(m.unit);
}
template <class A>
void members(A& a, Stop& m) {
  a(m.id), a(m.unit);
}
template <class A>
void members(A& a, AskState& m) {
  a(m.id), a(m.unit);
}
template <class A>
void members(A& a, Receive& m) {
  a(m.id), a(m.port), a(m.path), a(m.size), a(m.segments);
}
template <class A>
void members(A& a, Send& m) {
  a(m.id), a(m.port), a(m.path), a(m.offset), a(m.length);
}
template <class A>
void members(A& a, Cancel& m) {
  a(m.id);
}
template <class A>
void members(A& a, Hello& m) {
  a(m.version), a(m.build);
}
template <class A>
void members(A& a, Pong& m) {
  a(m.id), a(m.events);
}
template <class A>
void members(A& a, Done& m) {
  a(m.id), a(m.job_result), a(m.error), a(m.message), a(m.unit), a(m.log_lines), a(m.unmet);
}
template <class A>
void members(A& a, State& m) {
  a(m.id), a(m.unit);
}
template <class A>
void members(A& a, Transferred& m) {
  a(m.id), a(m.bytes), a(m.sha256);
}
template <class A>
void members(A& a, Failed& m) {
  a(m.id), a(m.code), a(m.message);
}
template <class A>
void members(A& a, Changed& m) {
  a(m.unit);
}
template <class A>
void members(A& a, Gone& m) {
  a(m.unit);
}
template <class A>
void members(A&, Exit&) {}
template <class A>
void members(A&, FilesChanged&) {}
template <class A>
void members(A&, Synchronized&) {}
template <class A>
void members(A&, Lost&) {}

class Writer {
 public:
  template <class T>
  void operator()(T& value) {
    if constexpr (std::is_integral_v<T>) {
      for (std::size_t i = 0; i < sizeof value; ++i) out_ += static_cast<char>(value >> (8 * i) & 0xff);
    } else if constexpr (std::is_same_v<T, std::string>) {
      count(value.size());
      out_ += value;
    } else if constexpr (std::is_same_v<T, std::array<std::uint8_t, 32>>) {
      for (const std::uint8_t byte : value) out_ += static_cast<char>(byte);
    } else if constexpr (requires { value.emplace_back(); }) {
      count(value.size());
      for (auto& each : value) (*this)(each);
    } else {
      members(*this, value);
    }
  }
  void count(std::size_t size) {
    std::uint32_t number = static_cast<std::uint32_t>(size);
    (*this)(number);
  }
  std::string& out() { return out_; }

 private:
  std::string out_;
};

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  template <class T>
  void operator()(T& value) {
    if constexpr (std::is_integral_v<T>) {
      value = 0;
      const std::string_view bytes = take(sizeof value);
      for (std::size_t i = bytes.size(); i-- > 0;)
        value = static_cast<T>(value << 8 | static_cast<T>(static_cast<unsigned char>(bytes[i])));
    } else if constexpr (std::is_same_v<T, std::string>) {
      std::uint32_t size = 0;
      (*this)(size);
      value = take(size);
    } else if constexpr (std::is_same_v<T, std::array<std::uint8_t, 32>>) {
      const std::string_view bytes = take(value.size());
      for (std::size_t i = 0; i < bytes.size(); ++i) value[i] = static_cast<std::uint8_t>(bytes[i]);
    } else if constexpr (requires { value.emplace_back(); }) {
      std::uint32_t size = 0;
      (*this)(size);
      // Each element takes some bytes, so what is left bounds the list.
      for (std::uint32_t i = 0; i < size && good_; ++i) (*this)(value.emplace_back());
    } else {
      members(*this, value);
    }
  }
  bool complete() const { return good_ && in_.empty(); }

 private:
  std::string_view take(std::size_t size) {
    if (size > in_.size() || !good_) {
      good_ = false;
      return {};
    }
    const std::string_view bytes = in_.substr(0, size);
    in_.remove_prefix(size);
    return bytes;
  }

  std::string_view in_;
  bool good_ = true;
};

template <class Message>
std::string encode_any(Message message) {
  Writer body;
  body.out() += static_cast<char>(message.index());
  std::visit([&](auto& each) { members(body, each); }, message);
  Writer frame;
  frame.count(body.out().size());
  return std::move(frame.out()) + body.out();
}

template <class Message, std::size_t index = 0>
std::optional<Message> decode_any(std::string_view frame) {
  if constexpr (index == std::variant_size_v<Message>) {
    return std::nullopt;
  } else {
    if (frame.empty()) return std::nullopt;
    if (static_cast<unsigned char>(frame.front()) != index) return decode_any<Message, index + 1>(frame);
    std::variant_alternative_t<index, Message> message;
    Reader reader(frame.substr(1));
    members(reader, message);
    if (!reader.complete()) return std::nullopt;
    return Message(std::in_place_index<index>, std::move(message));
  }
}

}  // namespace

std::string encode(const ToAgent& message) { return encode_any(message); }
std::string encode(const ToHost& message) { return encode_any(message); }
std::optional<ToAgent> decode_to_agent(std::string_view frame) { return decode_any<ToAgent>(frame); }
std::optional<ToHost> decode_to_host(std::string_view frame) { return decode_any<ToHost>(frame); }

void FrameReader::add(std::string_view bytes) {
  buffer_.erase(0, begin_);
  begin_ = 0;
  if (!broken_) buffer_ += bytes;
}

std::optional<std::string_view> FrameReader::next() {
  constexpr std::size_t head = 4;
  const std::string_view rest = std::string_view(buffer_).substr(begin_);
  if (broken_ || rest.size() < head) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = head; i-- > 0;) size = size << 8 | static_cast<unsigned char>(rest[i]);
  if (size > frame_limit) {
    broken_ = true;
    return std::nullopt;
  }
  if (rest.size() < head + size) return std::nullopt;
  begin_ += head + size;
  return rest.substr(head, size);
}

}  // namespace vmms::guest::protocol
