// What an agent answers, to every command.
#include "guest/agent.hpp"

#include <cstdint>
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
  OneAnswer transport(std::string(reinterpret_cast<const char*>(data), size));
  Agent agent(transport);
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  agent.ping(deadline);
  agent.information(deadline);
  agent.operating_system(deadline);
  agent.frozen(deadline);
  agent.execute({"name", "text", {"parameter"}}, deadline);
  agent.status(1, deadline);
  return 0;
}
