// A transport whose answers count as signs of life.
#pragma once

#include "guest/agent/heartbeat.hpp"
#include "guest/transport/transport.hpp"

#include <memory>
#include <utility>

namespace vmms::guest {

class ObservedTransport : public Transport {
 public:
  ObservedTransport(std::shared_ptr<Transport> transport, std::shared_ptr<Heartbeat> heartbeat)
      : transport_(std::move(transport)), heartbeat_(std::move(heartbeat)) {}

  bool connected() const override { return transport_->connected(); }
  std::uint64_t connection() const override { return transport_->connection(); }
  Result<std::string> command(std::string_view json, Clock::time_point deadline) override {
    struct Asking {
      ~Asking() { heartbeat.ended(asked, answered); }
      Heartbeat& heartbeat;
      Clock::time_point asked;
      bool answered = false;
    };
    heartbeat_->asked();
    Asking asking{*heartbeat_, Clock::now()};
    Result<std::string> answer = transport_->command(json, deadline);
    asking.answered = static_cast<bool>(answer);
    return answer;
  }
  PollDelays poll_delays() const override { return transport_->poll_delays(); }
  Result<std::unique_ptr<Port>> open_port(std::string_view purpose, Clock::time_point deadline) override {
    return transport_->open_port(purpose, deadline);
  }

 private:
  const std::shared_ptr<Transport> transport_;
  const std::shared_ptr<Heartbeat> heartbeat_;
};

}  // namespace vmms::guest
