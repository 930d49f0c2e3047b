// What an agent answers, to every command.
#include "guest/agent/agent.hpp"
#include "guest/system/system.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace {

class OneAnswer : public vmms::guest::Transport {
 public:
  explicit OneAnswer(std::string answer) : answer_(std::move(answer)) {}
  bool connected() const override { return true; }
  std::uint64_t connection() const override { return 1; }
  vmms::Result<std::string> command(std::string_view, vmms::guest::Clock::time_point) override { return answer_; }

 private:
  std::string answer_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vmms::guest;
  const auto transport = std::make_shared<OneAnswer>(std::string(reinterpret_cast<const char*>(data), size));
  Agent agent(*transport);
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  agent.ping(deadline);
  agent.information(deadline);
  agent.operating_system(deadline);
  agent.frozen(deadline);
  agent.execute({"name", "text", {"parameter"}}, deadline);
  agent.status(1, deadline);
  System system(transport, std::make_shared<AbandonedProcesses>());
  system.host_name(deadline);
  system.interfaces(deadline);
  system.clock_offset(deadline);
  system.thaw(deadline);
  return 0;
}
