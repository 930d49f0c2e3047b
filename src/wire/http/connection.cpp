#include "wire/http/connection.hpp"

#include <fmt/core.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

#include "base/text.hpp"
#include "wire/http/response_head.hpp"

namespace vmms::wire::http {
namespace {

constexpr std::size_t small_read = 8 * 1024;
constexpr std::size_t large_read = 64 * 1024;
/// What a client may still send after the last answer; then it is cut off.
constexpr std::size_t most_drained = 1024 * 1024;

/// The path of a request target: without a query (`?PSVersion=…`), and without scheme and host in the absolute form
/// that proxies send (RFC 9112 section 3.2.2).
std::string_view path_of(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.substr(0, scheme.size()) != scheme) continue;
    const std::size_t slash = target.find('/', scheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
    break;
  }
  return target.substr(0, target.find('?'));
}

}  // namespace

class ConnectionExchange final : public Exchange {
 public:
  ConnectionExchange(std::shared_ptr<IoThread> io, std::weak_ptr<Connection> connection, std::uint64_t number,
                     std::shared_ptr<std::atomic<bool>> answered)
      : io_(std::move(io)), connection_(std::move(connection)), number_(number), answered_(std::move(answered)) {}

  ~ConnectionExchange() override {
    respond(plain_response(500, "The request was given up without an answer; the log of vmmsd may say why."));
  }

  const Request& request() const override { return request_; }
  Request& mutable_request() { return request_; }

  bool respond(Response response) override {
    if (answered_->exchange(true)) return false;
    io_->tell(connection_, [number = number_, response = std::move(response)](Connection& connection) mutable {
      connection.answer(number, std::move(response));
    });
    return true;
  }

  void expire_at(Clock::time_point deadline, std::function<Response()> late) override {
    io_->tell(connection_, [number = number_, deadline, late = std::move(late)](Connection& connection) mutable {
      connection.expire_at(number, deadline, std::move(late));
    });
  }

 private:
  const std::shared_ptr<IoThread> io_;
  const std::weak_ptr<Connection> connection_;
  const std::uint64_t number_;
  const std::shared_ptr<std::atomic<bool>> answered_;
  Request request_;
};

Connection::Connection(IoThread& io, Peer peer) : io_(io), limits_(io.shared().limits), peer_(std::move(peer)) {
  state_.address = peer_.address;
}

Connection::~Connection() = default;

void Connection::start() {
  set_deadline(limits_.head);
  start_handshake();
}

void Connection::on_handshake(const ErrorCode& ec) {
  if (phase_ == Phase::closed) return;
  if (ec) {
    spdlog::debug("TLS handshake with {} failed: {}", peer_.text, ec.message());
    return close();
  }
  next_request();
  if (phase_ == Phase::reading) set_deadline(limits_.head);  // nobody connects in order to idle
}

void Connection::next_request() {
  release_body();
  ++number_;
  answered_ = std::make_shared<std::atomic<bool>>(false);
  exchange_ = std::make_shared<ConnectionExchange>(io_.shared_from_this(), weak_from_this(), number_, answered_);
  parser_.emplace(exchange_->mutable_request(), limits_);
  handler_ = nullptr;
  begun_ = header_done_ = continued_ = keep_alive_ = http_1_0_ = head_only_ = false;
  phase_ = Phase::reading;
  if (buffer_.size() > 0) return advance();
  if (buffer_.capacity() > 2 * small_read) buffer_ = {};
  set_deadline(limits_.idle);
  read_more();
}

void Connection::read_more() { start_read(buffer_.prepare(header_done_ ? large_read : small_read)); }

void Connection::on_read(const ErrorCode& ec, std::size_t bytes) {
  if (phase_ != Phase::reading && phase_ != Phase::draining) return;  // closed, or cancelled for a 408
  if (ec) return close();
  if (phase_ == Phase::draining) {
    drained_ += bytes;
    return drained_ > most_drained ? close() : start_drain(buffer_.prepare(small_read));
  }
  buffer_.commit(bytes);
  advance();
}

void Connection::advance() {
  if (!begun_) {
    begun_ = true;
    set_deadline(limits_.head);
  }
  std::size_t used = 0;
  const RequestParser::Progress progress = parser_->put(buffer_.data(), used);
  buffer_.consume(used);
  if (progress == RequestParser::Progress::failed) {
    keep_alive_ = false;
    return refuse(parser_->status(), parser_->reason());
  }
  const bool complete = progress == RequestParser::Progress::complete;
  if (!header_done_ && parser_->has_header() && !on_header(complete)) return;
  if (!count_body()) return;
  if (complete) return on_request();
  if (parser_->expects_continue() && header_done_ && !continued_ && counted_ == 0 && buffer_.size() == 0) {
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    continued_ = true;
    phase_ = Phase::continuing;
    return start_write(boost::asio::buffer(go_on), {});
  }
  read_more();
}

/// False when the request is refused already.
bool Connection::on_header(bool complete) {
  header_done_ = true;
  http_1_0_ = parser_->is_http_1_0();
  const Request& request = exchange_->request();
  head_only_ = request.method == "HEAD";
  // A refused body stays unread, hence nothing behind it can be read either.
  keep_alive_ = complete && parser_->wants_keep_alive();
  if (peer_.one_too_many) {
    keep_alive_ = false;
    refuse(503, "Too many connections; try again later.", {{"Retry-After", "5"}});
    return false;
  }
  const auto handler = peer_.handlers->find(path_of(request.target));
  if (handler == peer_.handlers->end()) {
    std::string paths;
    for (const auto& [path, ignored] : *peer_.handlers) paths += (paths.empty() ? "" : ", ") + path;
    refuse(404, fmt::format("There is nothing here; served are {}.", paths));
    return false;
  }
  // What the extension framework (RFC 2774) asks of servers that do not know it: clients then take POST.
  if (request.method.starts_with("M-")) {
    refuse(501, "HTTP extension methods are not known here; use POST.");
    return false;
  }
  if (request.method != "POST") {
    refuse(405, "Only POST is served here.", {{"Allow", "POST"}});
    return false;
  }
  keep_alive_ = parser_->wants_keep_alive();
  handler_ = &handler->second;
  set_deadline(limits_.body);
  return true;
}

/// False when the server holds too many bytes, and the request is therefore refused. The first bytes of each body are
/// not counted: requests of common size are served, whatever large ones others have begun and do not end.
bool Connection::count_body() {
  const std::size_t size = exchange_->request().body.size();
  const std::size_t more = (size > limits_.free_body_bytes ? size - limits_.free_body_bytes : 0) - counted_;
  if (more == 0) return true;
  counted_ += more;
  if (io_.shared().body_bytes.fetch_add(more) + more <= limits_.all_body_bytes) return true;
  keep_alive_ = false;
  refuse(503, "Too many large requests at once; try again later.", {{"Retry-After", "5"}});
  return false;
}

void Connection::release_body() { io_.shared().body_bytes -= std::exchange(counted_, 0); }

void Connection::on_request() {
  phase_ = Phase::authenticating;
  set_deadline(limits_.answer);
  Request& request = exchange_->mutable_request();
  request.peer = peer_.text;
  request.encrypted = peer_.encrypted;
  request.peer_user_id = peer_.user_id;
  const std::uint64_t number = number_;
  try {
    io_.shared().authenticator.authenticate(
        request, state_, [io = io_.shared_from_this(), self = weak_from_this(), number](Verdict verdict) {
          io->tell(self, [number, verdict = std::move(verdict)](Connection& connection) mutable {
            connection.decide(number, std::move(verdict));
          });
        });
  } catch (const std::exception& e) {
    spdlog::error("authenticating a request of {} failed with an exception: {}", peer_.text, e.what());
    decide(number, {.refusal = plain_response(500, "Authentication failed; see the log.")});
  }
}

void Connection::decide(std::uint64_t request, Verdict verdict) {
  if (request != number_ || phase_ != Phase::authenticating) return;
  Request& current = exchange_->mutable_request();
  if (!verdict.refusal) {
    current.principal = std::move(verdict.principal);
    // Handlers need no passwords, nor do logs.
    std::erase_if(current.headers, [](const Header& header) { return equals_no_case(header.name, "Authorization"); });
    return hand_over();
  }
  if (verdict.delay.count() <= 0 || finishing_) return send(std::move(*verdict.refusal));
  current.body = {};  // nobody will read it; others may need the room
  release_body();
  phase_ = Phase::delaying;
  refusal_ = std::move(verdict.refusal);
  set_deadline(verdict.delay);
}

void Connection::hand_over() {
  phase_ = Phase::handling;
  parser_.reset();
  const std::uint64_t number = number_;
  try {
    (*handler_)(std::move(exchange_));
  } catch (const std::exception& e) {
    spdlog::error("handling a request of {} failed with an exception: {}", peer_.text, e.what());
  }
  if (phase_ != Phase::handling || number_ != number) return;
  watching_ = true;
  start_watching();
}

void Connection::stop_watching() {
  if (std::exchange(watching_, false)) cancel();
}

void Connection::on_reset(std::uint64_t request) {
  if (phase_ == Phase::handling && request == number_) close();
}

void Connection::expire_at(std::uint64_t request, Clock::time_point deadline, std::function<Response()> late) {
  if (request != number_ || phase_ != Phase::handling) return;
  late_ = std::move(late);
  set_deadline_at(deadline);
}

void Connection::answer(std::uint64_t request, Response response) {
  if (request != number_ || phase_ != Phase::handling) return;
  stop_watching();
  send(std::move(response));
}

void Connection::refuse(unsigned status, std::string_view reason, std::vector<Header> headers) {
  Response response = plain_response(status, reason);
  response.headers = std::move(headers);
  send(std::move(response));
}

void Connection::send(Response response) {
  phase_ = Phase::writing;
  answered_->store(true);
  const auto late = std::exchange(late_, nullptr);  // may hold much; destroyed when all is set
  if (finishing_) keep_alive_ = false;
  const Persistence persistence = !keep_alive_ ? Persistence::close
                                  : http_1_0_  ? Persistence::keep_alive_1_0
                                               : Persistence::keep_alive;
  body_ = std::move(response.body);
  write_head(head_, response, body_.size(), persistence);
  if (head_only_) body_.clear();
  set_deadline(limits_.write + std::chrono::seconds(body_.size() / limits_.slowest_read));
  // One TLS record, one packet, one system call: many clients pay dearly for a head that comes alone.
  if (peer_.encrypted || body_.size() <= small_read) {
    head_ += body_;
    body_.clear();
  }
  start_write(boost::asio::buffer(head_), boost::asio::buffer(body_));
}

void Connection::on_written(const ErrorCode& ec) {
  if (phase_ == Phase::closed) return;
  if (ec) return close();
  if (phase_ == Phase::continuing) {
    phase_ = Phase::reading;
    return read_more();
  }
  body_ = {};
  if (head_.capacity() > large_read) head_ = {};
  if (keep_alive_) return next_request();
  if (finishing_) return close();
  // Closing at once, with bytes of the client unread, would reset the connection and take the answer from the client.
  phase_ = Phase::draining;
  drained_ = 0;
  buffer_.clear();
  parser_.reset();
  exchange_.reset();
  release_body();
  set_deadline(limits_.linger);
  start_shutdown();
}

void Connection::on_shutdown() {
  if (phase_ == Phase::closed) return;
  start_drain(buffer_.prepare(small_read));
}

void Connection::expired() {
  switch (phase_) {
    case Phase::reading:
      if (!begun_) return close();
      keep_alive_ = false;
      cancel();
      return refuse(408, header_done_ ? "The body took too long to arrive." : "The header took too long to arrive.");
    case Phase::authenticating:
      return refuse(503, "Authentication took too long; try again later.", {{"Retry-After", "5"}});
    case Phase::delaying:
      return send(std::move(*std::exchange(refusal_, std::nullopt)));
    case Phase::handling: {
      if (answered_->exchange(true)) {
        deadline_ = Clock::time_point::max();  // the answer is on its way to this thread
        return;
      }
      const auto late = std::exchange(late_, nullptr);
      Response response = plain_response(503, "There was no answer in time.");
      try {
        if (late) response = late();
      } catch (const std::exception& e) {
        spdlog::error("the answer to a late request of {} failed with an exception: {}", peer_.text, e.what());
      }
      stop_watching();
      return send(std::move(response));
    }
    case Phase::handshaking:
    case Phase::continuing:
    case Phase::writing:
    case Phase::draining:
      return close();
    case Phase::closed:
      return;
  }
}

void Connection::finish() {
  finishing_ = true;
  switch (phase_) {
    case Phase::authenticating:
    case Phase::handling:
    case Phase::writing:
      keep_alive_ = false;
      return;
    case Phase::delaying:
      return send(std::move(*std::exchange(refusal_, std::nullopt)));
    default:
      return close();
  }
}

void Connection::close() {
  if (phase_ == Phase::closed) return;
  phase_ = Phase::closed;
  deadline_ = Clock::time_point::max();
  const auto self = shared_from_this();
  if (answered_) answered_->store(true);
  close_stream();
  release_body();
  io_.remove(self);
  // Last, since destructors may call back.
  const auto late = std::exchange(late_, nullptr);
  parser_.reset();
  const auto exchange = std::exchange(exchange_, nullptr);
}

void Connection::set_deadline(Clock::duration from_now) { set_deadline_at(Clock::now() + from_now); }

void Connection::set_deadline_at(Clock::time_point time) {
  deadline_ = time;
  io_.wake_at(time);
}

}  // namespace vmms::wire::http
