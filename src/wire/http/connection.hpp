// One client: reads requests, has them authenticated and answered, one after the other.
#pragma once

#include "base/ledger.hpp"
#include "wire/http/authenticator.hpp"
#include "wire/http/exchange.hpp"
#include "wire/http/io_thread.hpp"
#include "wire/http/places.hpp"
#include "wire/http/request_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/flat_buffer.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace vmms::wire::http {

class ConnectionExchange;

/// The protocol, whatever the stream is: cleartext, TLS, a local socket (see stream_connection.hpp). The next request
/// is not read before the answer is sent, but while an answer is awaited the stream is read ahead a little, in order to
/// notice that the client leaves. Everything happens on the thread of `io`, except where said otherwise.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Peer {
    std::string text;     ///< "127.0.0.1:4711"
    std::string address;  ///< see ConnectionState
    std::string network;  ///< see ConnectionState
    bool encrypted = false;
    const Handlers* handlers = nullptr;         ///< of its listener; they outlive the connection
    std::optional<std::uint32_t> user_id = {};  ///< of the process on the other end of a local socket
  };
  /// What a connection got when it was accepted: a place that `account` pays for, or the reason why it has none, which
  /// it is sent.
  struct Admission {
    AccountPtr account;
    Places::PlacePtr place;
    std::string refusal;
  };

  Connection(IoThread& io, Peer peer, Admission admission);
  virtual ~Connection();

  void start();
  /// Lets the answer in progress finish and closes; at once when there is none.
  void finish();
  void close();

  Clock::time_point deadline() const { return deadline_; }
  void expired();

  // What the exchange number `request` and its authentication bring; without effect when that is over.
  void decide(std::uint64_t request, Verdict verdict);
  void answer(std::uint64_t request, Response response, Charge charge);
  void expire_at(std::uint64_t request, Clock::time_point deadline, std::function<Response()> late);

 protected:
  using ErrorCode = boost::system::error_code;

  // The stream. Each operation ends, later, with its on_… function, unless the connection is closed before.
  virtual void start_handshake() = 0;
  virtual void start_read(boost::asio::mutable_buffer into) = 0;
  /// The same below TLS, after start_shutdown().
  virtual void start_drain(boost::asio::mutable_buffer into) = 0;
  virtual void start_write(boost::asio::const_buffer first, boost::asio::const_buffer second) = 0;
  /// on_reset() when the client breaks the connection while nothing is read or written.
  virtual void start_watching() = 0;
  /// Ends start_read() with an error.
  virtual void cancel() = 0;
  /// Signals that nothing more will be sent.
  virtual void start_shutdown() = 0;
  virtual void close_stream() = 0;

  void on_handshake(const ErrorCode& ec);
  void on_read(const ErrorCode& ec, std::size_t bytes);
  void on_written(const ErrorCode& ec);
  void on_reset(std::uint64_t request);
  void on_shutdown();

  std::uint64_t request_number() const { return number_; }

 private:
  enum class Phase {
    handshaking,
    reading,     // a request, or waiting for one
    continuing,  // writing "100 Continue"
    authenticating,
    handling,
    writing,
    draining,  // the last answer is sent; waits for the client to close
    closed,
  };

  void set_deadline(Clock::duration from_now);
  void set_deadline_at(Clock::time_point time);
  void await_answer_until(Clock::time_point time);
  void next_request();
  void read_more();
  void advance();
  bool on_header();
  void authenticate();
  bool sign_in(cim::PrincipalPtr principal);
  std::size_t cost() const;
  void take_body();
  void hand_over();
  void watch();
  void leave();
  bool place_among_leaving(const AccountPtr& account);
  void come_back();
  bool wait_for_client();
  std::function<void()> closing();
  bool pay_for_buffer(std::size_t room);
  void drop_large_buffer();
  void when_not_reading(void (Connection::*next)());
  void go_on();
  void shut_down();
  void refuse(unsigned status, std::string_view reason, std::vector<Header> headers = {});
  void send(Response response);

  IoThread& io_;
  const Limits& limits_;
  const Peer peer_;
  const std::string not_admitted_;  // why it has no place; the answer says so
  ConnectionState state_;

  // Who pays: the address, with a place that may be taken away, until a user has signed in.
  AccountPtr account_;
  Places::PlacePtr place_;
  Charge charge_;
  cim::PrincipalPtr principal_ = cim::nobody();

  Phase phase_ = Phase::handshaking;
  Clock::time_point deadline_ = Clock::time_point::max();
  bool finishing_ = false;

  boost::beast::flat_buffer buffer_;           // read and not yet parsed; of a read that is under way, the end
  Charge buffer_charge_;                       // for the part that a connection's price does not cover
  bool reading_ = false;                       // a read of the stream is under way
  bool finished_ = false;                      // the client sends no more
  bool leaving_ = false;                       // `place_` is among those of clients that may have left
  void (Connection::*when_read_)() = nullptr;  // goes on when the read that is under way has been cancelled

  // The current request.
  std::uint64_t number_ = 0;
  std::shared_ptr<ConnectionExchange> exchange_;  // until it is handed over
  std::shared_ptr<std::atomic<bool>> answered_;   // shared with the exchange: which of them answers first
  Clock::time_point answer_due_;
  std::optional<RequestParser> parser_;
  const Endpoint* endpoint_ = nullptr;
  const Handler* handler_ = nullptr;  // of the endpoint
  bool unsigned_ = false;             // has no credentials, and is for an endpoint open to everybody
  bool begun_ = false;                // its first byte has arrived
  bool header_done_ = false;
  bool complete_ = false;
  bool continued_ = false;  // "100 Continue" was sent
  bool keep_alive_ = false;
  bool http_1_0_ = false;
  bool head_only_ = false;  // the answer to HEAD has no body
  std::size_t thrown_away_ = 0;
  std::function<Response()> late_;
  std::optional<Response> refusal_;  // is sent when the body has been discarded

  // The current answer.
  std::string head_;
  std::string body_;
  Charge answer_charge_;
  std::size_t drained_ = 0;
};

}  // namespace vmms::wire::http
