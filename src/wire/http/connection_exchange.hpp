// The exchange of a connection, which handlers hold on any thread for as long as they like.
#pragma once

#include "base/ledger.hpp"
#include "wire/http/connection.hpp"
#include "wire/http/io_thread.hpp"
#include "wire/http/response_head.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace vmms::wire::http {

inline Response given_up_response() {
  return plain_response(500, "The request was given up without an answer; the log of vmmsd may say why.");
}

/// For requests that are refused because something is full.
inline Response busy_response(const Error& error) {
  Response response = plain_response(503, error.message);
  response.headers.push_back({"Retry-After", "5"});
  return response;
}

class ConnectionExchange final : public Exchange {
 public:
  ConnectionExchange(std::shared_ptr<IoThread> io, std::weak_ptr<Connection> connection, std::uint64_t number,
                     std::shared_ptr<std::atomic<bool>> answered)
      : io_(std::move(io)), connection_(std::move(connection)), number_(number), answered_(std::move(answered)) {}

  ~ConnectionExchange() override {
    try {
      respond(given_up_response());
    } catch (const std::exception&) {
      // Without memory for it, the connection answers when it looks after the request.
    }
  }

  const Request& request() const override { return request_; }
  Request& mutable_request() { return request_; }

  std::string take_body() override { return std::exchange(request_.body, {}); }

  /// The first bytes are free: the connection pays for them, and requests of common size cost the ledger no time.
  Status keep(std::size_t bytes) override {
    const std::size_t free = io_->shared().limits.free_bytes;
    const std::size_t paid = bytes > free ? bytes - free : 0;
    if (paid == held_.bytes()) return {};
    if (held_.account()) return held_.resize(paid);
    auto charged = charge(request_.account, Ledger::Item::body, paid);
    if (!charged) return charged.error();
    held_ = std::move(*charged);
    return {};
  }

  bool respond(Response response) override {
    if (answered_->exchange(true)) return false;
    try {
      const std::size_t free = io_->shared().limits.free_bytes;
      Charge cost;
      bool fits = true;
      if (response.body.size() > free) {
        auto charged = charge(request_.account, Ledger::Item::answer, response.body.size() - free);
        fits = charged.has_value();
        if (fits)
          cost = std::move(*charged);
        else
          response = busy_response(charged.error());
      }
      io_->tell(connection_, [number = number_, response = std::move(response),
                              cost = std::move(cost)](Connection& connection) mutable {
        connection.answer(number, std::move(response), std::move(cost));
      });
      return fits;
    } catch (...) {
      answered_->store(false);
      throw;
    }
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
  Charge held_;  ///< what is held of the request beyond the first bytes
};

}  // namespace vmms::wire::http
