#include "wire/http/connection.hpp"

#include "base/log_limiter.hpp"
#include "base/text.hpp"
#include "wire/http/connection_exchange.hpp"
#include "wire/http/response_head.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <fmt/core.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <new>
#include <utility>

namespace vmms::wire::http {
namespace {

constexpr std::size_t small_read = 8 * 1024;
constexpr std::size_t large_read = 64 * 1024;
/// Of a buffer that a connection's price covers.
constexpr std::size_t most_free_buffer = 2 * small_read;
/// What a client may still send after the last answer; then it is cut off.
constexpr std::size_t most_drained = 8 * 1024 * 1024;

/// The path of a request target: without a query (`?PSVersion=…`), and without scheme and host in the absolute form
/// that proxies send (RFC 9112 section 3.2.2).
std::string_view path_of(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_no_case(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(std::min(target.size(), target.find_first_of("/?", scheme.size())));
    if (!target.starts_with('/')) return "/";
    break;
  }
  return target.substr(0, target.find('?'));
}

/// Of a body whose length its header says; 0 for chunked ones.
std::size_t announced_bytes(const Request& request) {
  const std::string_view text = request.header("Content-Length");
  std::size_t bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  return bytes;
}

}  // namespace

Connection::Connection(IoThread& io, Peer peer, Admission admission)
    : io_(io),
      limits_(io.shared().limits),
      peer_(std::move(peer)),
      not_admitted_(std::move(admission.refusal)),
      account_(std::move(admission.account)),
      place_(std::move(admission.place)) {
  state_.address = peer_.address;
  state_.network = peer_.network;
  state_.presence = std::make_shared<std::atomic<Presence>>(Presence::here);
}

Connection::~Connection() = default;

void Connection::start() {
  set_deadline(limits_.head);
  if (wait_for_client()) start_handshake();
}

void Connection::on_handshake(const ErrorCode& ec) {
  if (phase_ == Phase::closed) return;
  if (ec) {
    spdlog::debug("TLS handshake with {} failed: {}", peer_.text, ec.message());
    return close();
  }
  next_request();
  if (phase_ == Phase::reading) set_deadline(limits_.head);  // no client connects in order to idle
}

/// From now on until its request is there, a connection without a signed-in user may be closed for another. False when
/// it had to be.
bool Connection::wait_for_client() {
  if (!place_ || leaving_ || place_->offer(closing())) return true;
  close();
  return false;
}

std::function<void()> Connection::closing() {
  return [io = io_.shared_from_this(), self = weak_from_this()] {
    io->tell(self, [](Connection& connection) { connection.close(); });
  };
}

void Connection::next_request() {
  ++number_;
  answered_ = std::make_shared<std::atomic<bool>>(false);
  exchange_ = std::make_shared<ConnectionExchange>(io_.shared_from_this(), weak_from_this(), number_, answered_);
  parser_.emplace(exchange_->mutable_request(), limits_);
  endpoint_ = nullptr;
  handler_ = nullptr;
  unsigned_ = begun_ = header_done_ = complete_ = continued_ = keep_alive_ = http_1_0_ = head_only_ = false;
  thrown_away_ = 0;
  phase_ = Phase::reading;
  if (!wait_for_client()) return;
  set_deadline(limits_.idle);
  if (buffer_.size() > 0) return go_on();
  if (leaving_ && !finished_) come_back();
  drop_large_buffer();
  read_more();
}

void Connection::read_more() {
  if (finished_) return close();
  if (reading_) return;
  std::size_t room = header_done_ && !refusal_ ? large_read : small_read;
  if (room > small_read && !pay_for_buffer(room)) room = small_read;
  const auto into = buffer_.prepare(room);
  reading_ = true;
  start_read(into);
}

/// For a buffer with so much room behind what it holds. False when that is too much.
bool Connection::pay_for_buffer(std::size_t room) {
  const std::size_t wanted = buffer_.size() + room;
  const std::size_t bytes =
      wanted <= buffer_.capacity() ? buffer_.capacity() : std::max(wanted, 2 * buffer_.size());  // so it grows
  const std::size_t more = bytes > most_free_buffer ? bytes - most_free_buffer : 0;
  if (more <= buffer_charge_.bytes()) return true;
  if (buffer_charge_.account() == account_) return buffer_charge_.resize(more).has_value();
  auto charged = charge(account_, Ledger::Item::body, more);
  if (charged) buffer_charge_ = std::move(*charged);
  return charged.has_value();
}

/// When there is nothing in it.
void Connection::drop_large_buffer() {
  if (reading_ || buffer_.size() > 0 || buffer_.capacity() <= most_free_buffer) return;
  buffer_ = {};
  buffer_charge_.reset();
}

void Connection::on_read(const ErrorCode& ec, std::size_t bytes) {
  reading_ = false;
  if (phase_ == Phase::closed) return;
  if (phase_ == Phase::draining) {
    drained_ += bytes;
    return ec || drained_ > most_drained ? close() : start_drain(buffer_.prepare(small_read));
  }
  if (!ec) buffer_.commit(bytes);
  const bool finished = ec == boost::asio::error::eof || ec == boost::asio::ssl::error::stream_truncated;
  if (ec && !finished && ec != boost::asio::error::operation_aborted) return close();
  if (finished) finished_ = true;
  if (const auto next = std::exchange(when_read_, nullptr)) return (this->*next)();
  switch (phase_) {
    case Phase::reading:
      return finished ? close() : advance();
    case Phase::authenticating:
    case Phase::handling:
      return finished ? leave() : watch();
    default:
      return;
  }
}

/// Calls `next` when no read of the stream is under way: the buffer must not change below one.
void Connection::when_not_reading(void (Connection::*next)()) {
  if (!reading_) return (this->*next)();
  when_read_ = next;
  cancel();
}

/// With what has been read already, or with what comes.
void Connection::go_on() {
  if (!reading_ || buffer_.size() > 0) return when_not_reading(&Connection::advance);
  if (header_done_) take_body();
}

void Connection::advance() {
  std::size_t used = 0;
  const RequestParser::Progress progress = parser_->put(buffer_.data(), used);
  buffer_.consume(used);
  if (!begun_ && parser_->has_begun()) {
    begun_ = true;
    set_deadline(limits_.head);
  }
  if (progress == RequestParser::Progress::failed) {
    keep_alive_ = false;
    return refuse(parser_->status(), parser_->reason());
  }
  complete_ = progress == RequestParser::Progress::complete;
  if (header_done_) return take_body();
  if (!parser_->has_header()) return read_more();
  header_done_ = true;
  if (on_header()) authenticate();
}

/// False when the request is refused already.
bool Connection::on_header() {
  http_1_0_ = parser_->is_http_1_0();
  const Request& request = exchange_->request();
  head_only_ = request.method == "HEAD";
  // A refused body stays unread, hence nothing after it can be read either.
  keep_alive_ = complete_ && parser_->wants_keep_alive();
  if (!not_admitted_.empty()) {
    keep_alive_ = false;
    refuse(503, not_admitted_, {{"Retry-After", "5"}});
    return false;
  }
  const auto found = peer_.handlers->find(path_of(request.target));
  if (found == peer_.handlers->end()) {
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
  endpoint_ = &found->second;
  handler_ = endpoint_->handler ? &endpoint_->handler : &endpoint_->for_everybody;
  unsigned_ = endpoint_->for_everybody && request.header("Authorization").empty() &&
              (!endpoint_->is_for_everybody || endpoint_->is_for_everybody(request));
  return true;
}

/// The header alone decides whether the body is wanted.
void Connection::authenticate() {
  if (place_ && !leaving_) place_->keep();
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
  } catch (const std::bad_alloc&) {
    decide(number, {.refusal = busy_response(error(Failure::busy, "There is not enough memory to let you in now."))});
  } catch (const std::exception& e) {
    log_stranger(peer_.address, spdlog::level::err, "authenticating a request of {} failed with an exception: {}",
                 peer_.text, e.what());
    decide(number, {.refusal = plain_response(500, "Authentication failed; see the log.")});
  }
  if (phase_ != Phase::authenticating || number != number_) return;
  // It may take its time. Room was made for a body that may not be wanted; the part that came with the header is small.
  exchange_->mutable_request().body.shrink_to_fit();
  // Guesses wait long, and must not hold all places meanwhile: from here on it waits after all that wait already.
  if (!wait_for_client()) return;
  watch();
}

void Connection::decide(std::uint64_t request, Verdict verdict) {
  if (request != number_ || phase_ != Phase::authenticating) return;
  Request& current = exchange_->mutable_request();
  if (verdict.refusal && verdict.refusal->status == 401 && unsigned_) {
    handler_ = &endpoint_->for_everybody;
    current.account = account_;
    current.refusal = std::make_shared<const Response>(*std::move(verdict.refusal));
  } else if (verdict.refusal) {
    refusal_ = std::move(verdict.refusal);
    thrown_away_ = current.body.size();
    current.body = {};
    if (finishing_) keep_alive_ = false;
  } else {
    if (!sign_in(std::move(verdict.principal))) return;
    current.principal = principal_;
    current.account = account_;
    // Handlers need no passwords, nor do logs.
    std::erase_if(current.headers, [](const Header& header) { return equals_no_case(header.name, "Authorization"); });
  }
  phase_ = Phase::reading;
  if (complete_) return take_body();
  set_deadline(limits_.body);
  if ((refusal_ || current.refusal) && !wait_for_client()) return;
  go_on();
}

/// False when the request is refused, or the connection closed: this user has one too many.
bool Connection::sign_in(cim::PrincipalPtr principal) {
  if (principal == principal_) return true;
  if (principal->realm != principal_->realm || principal->name != principal_->name) {
    AccountPtr account = io_.shared().account_of(*principal);
    if (leaving_) {
      if (!place_among_leaving(account)) return false;
    } else {
      auto charged = account->charge(peer_.user_id ? Ledger::Item::local : Ledger::Item::connection, cost());
      if (!charged) {
        keep_alive_ = false;
        send(busy_response(charged.error()));
        return false;
      }
      charge_ = std::move(*charged);
      place_.reset();
    }
    account_ = std::move(account);
  }
  principal_ = std::move(principal);
  return true;
}

std::size_t Connection::cost() const {
  return peer_.encrypted ? limits_.encrypted_connection_bytes : limits_.connection_bytes;
}

/// With what is there of the body of a request whose header is done.
void Connection::take_body() {
  Request& request = exchange_->mutable_request();
  const bool waits = !complete_ && parser_->expects_continue() && !continued_ && request.body.empty() &&
                     thrown_away_ == 0 && buffer_.size() == 0;
  if (!refusal_ && handler_ == &endpoint_->for_everybody &&
      std::max(request.body.size(), announced_bytes(request)) > limits_.everybodys_bytes) {
    refusal_ = request.refusal ? *request.refusal : plain_response(413, "This is more than is read at this path.");
    request.refusal.reset();
  }
  if (refusal_) {
    thrown_away_ += request.body.size();
    request.body.clear();
    // A client that waits for "100 Continue" may send the body or not: what comes next could be either.
    if (waits || std::max(thrown_away_, announced_bytes(request)) > limits_.unwanted_bytes) keep_alive_ = false;
    if (complete_ || !keep_alive_) return send(std::move(*std::exchange(refusal_, std::nullopt)));
    return read_more();
  }
  if (complete_) drop_large_buffer();
  Status paid = exchange_->keep(request.body.size());
  if (!paid) {
    drop_large_buffer();  // it makes room for the body
    paid = exchange_->keep(request.body.size());
  }
  if (!paid) {
    keep_alive_ = false;
    request.body = {};
    return send(busy_response(paid.error()));
  }
  if (complete_) return hand_over();
  if (!waits) return read_more();
  static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  continued_ = true;
  phase_ = Phase::continuing;
  start_write(boost::asio::buffer(go_on), {});
}

void Connection::hand_over() {
  if (place_ && !leaving_) place_->keep();
  phase_ = Phase::handling;
  await_answer_until(Clock::now() + limits_.answer);
  parser_.reset();
  const std::uint64_t number = number_;
  try {
    (*handler_)(std::move(exchange_));
  } catch (const std::exception& e) {
    spdlog::error("handling a request of {} failed with an exception: {}", peer_.text, e.what());
  }
  if (phase_ == Phase::handling && number_ == number) watch();
}

/// Reads on while an answer is awaited, to see the client leave.
void Connection::watch() {
  if (reading_ || leaving_) return;
  if (buffer_.size() >= limits_.bytes_ahead || !pay_for_buffer(small_read)) return leave();
  const auto into = buffer_.prepare(small_read);
  reading_ = true;
  start_read(into);
}

/// The client sends no more, or so much that its end cannot be seen. It may wait for its answer or not: from now on its
/// place may be taken away.
void Connection::leave() {
  state_.presence->store(Presence::finished, std::memory_order_relaxed);
  if (!std::exchange(leaving_, true)) {
    // An account that can pay for one connection can pay for it there, too.
    charge_.reset();
    place_.reset();
    if (!place_among_leaving(account_)) return;
  }
  start_watching();
}

/// False when there is none and the connection is closed.
bool Connection::place_among_leaving(const AccountPtr& account) {
  auto place = io_.shared().leaving.take(account, cost());
  if (!place) {
    close();
    return false;
  }
  place_ = std::move(*place);
  place_->offer(closing());
  return true;
}

/// The client was only far ahead.
void Connection::come_back() {
  if (principal_->is_nobody()) return;
  auto charged = account_->charge(peer_.user_id ? Ledger::Item::local : Ledger::Item::connection, cost());
  if (!charged) return;
  charge_ = std::move(*charged);
  place_.reset();
  leaving_ = false;
  state_.presence->store(Presence::here, std::memory_order_relaxed);
}

void Connection::on_reset(std::uint64_t request) {
  if ((phase_ == Phase::handling || phase_ == Phase::authenticating) && request == number_) close();
}

void Connection::expire_at(std::uint64_t request, Clock::time_point deadline, std::function<Response()> late) {
  if (request != number_ || phase_ != Phase::handling) return;
  late_ = std::move(late);
  await_answer_until(deadline);
}

void Connection::answer(std::uint64_t request, Response response, Charge charge) {
  if (request != number_ || phase_ != Phase::handling) return;
  answer_charge_ = std::move(charge);
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
  when_read_ = nullptr;
  refusal_.reset();
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
    return go_on();
  }
  body_ = {};
  answer_charge_.reset();
  if (head_.capacity() > large_read) head_ = {};
  if (keep_alive_) return next_request();
  if (finishing_) return close();
  when_not_reading(&Connection::shut_down);
}

/// Closing at once, with bytes of the client unread, would reset the connection and take the answer from the client.
void Connection::shut_down() {
  phase_ = Phase::draining;
  drained_ = 0;
  buffer_ = {};
  buffer_charge_.reset();
  parser_.reset();
  exchange_.reset();
  set_deadline(limits_.linger);
  if (wait_for_client()) start_shutdown();
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
      if (!complete_) keep_alive_ = false;
      return refuse(503, "Authentication took too long; try again later.", {{"Retry-After", "5"}});
    case Phase::handling: {
      const bool given_up = answered_.use_count() == 1;
      if (!given_up && Clock::now() < answer_due_) return await_answer_until(answer_due_);
      if (answered_->exchange(true)) {
        deadline_ = Clock::time_point::max();  // the answer is on its way to this thread
        return;
      }
      const auto late = std::exchange(late_, nullptr);
      if (given_up) return send(given_up_response());
      Response response = plain_response(503, "There was no answer in time.");
      try {
        if (late) response = late();
      } catch (const std::exception& e) {
        spdlog::error("the answer to a late request of {} failed with an exception: {}", peer_.text, e.what());
      }
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
  state_.presence->store(Presence::gone, std::memory_order_relaxed);
  if (!not_admitted_.empty()) --io_.shared().told_busy;
  close_stream();
  place_.reset();
  charge_.reset();
  answer_charge_.reset();
  buffer_charge_.reset();
  io_.remove(self);
  // Last, since destructors may call back.
  const auto late = std::exchange(late_, nullptr);
  parser_.reset();
  const auto exchange = std::exchange(exchange_, nullptr);
}

void Connection::set_deadline(Clock::duration from_now) { set_deadline_at(Clock::now() + from_now); }

/// A handler may drop the request without memory to report that: this is noticed soon, too.
void Connection::await_answer_until(Clock::time_point time) {
  constexpr auto look_again = std::chrono::seconds(2);
  answer_due_ = time;
  set_deadline_at(std::min(time, Clock::now() + look_again));
}

void Connection::set_deadline_at(Clock::time_point time) {
  deadline_ = time;
  io_.wake_at(time);
}

}  // namespace vmms::wire::http
