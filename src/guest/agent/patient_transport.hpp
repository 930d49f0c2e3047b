// A transport for work that keeps a guest busy: each command gets more time than an interactive caller would wait.
#pragma once

#include "guest/transport/transport.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace vmms::guest {

/// A guest that writes as fast as it can, on a host that is busy with others, may leave its agent without a turn for
/// longer than the time in which a silent agent is found (command_time). That is no reason to give up a copy.
class PatientTransport : public Transport {
 public:
  static constexpr std::chrono::seconds patience{30};

  explicit PatientTransport(std::shared_ptr<Transport> transport) : transport_(std::move(transport)) {}

  bool connected() const override { return transport_->connected(); }
  std::uint64_t connection() const override { return transport_->connection(); }
  Result<std::string> command(std::string_view json, Clock::time_point deadline) override {
    return transport_->command(json, std::max(deadline, Clock::now() + patience));
  }
  PollDelays poll_delays() const override { return transport_->poll_delays(); }
  Result<std::unique_ptr<Port>> open_port(std::string_view purpose, Clock::time_point deadline) override {
    return transport_->open_port(purpose, deadline);
  }

 private:
  const std::shared_ptr<Transport> transport_;
};

}  // namespace vmms::guest
