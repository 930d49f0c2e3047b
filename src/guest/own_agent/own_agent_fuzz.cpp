// What our own agent sends, as the host reads it: services have names that are names, texts are bounded.
#include "guest/own_agent/own_agent_session.hpp"
#include "guest/services/unit_name.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>

namespace vmms::guest {

struct OwnAgentSessionFuzz {
  class NoPort : public Port {
   public:
    const std::string& name() const override { return name_; }
    Status write(std::string_view, Clock::time_point) override { return {}; }
    Result<std::string> read(std::size_t, Clock::time_point) override { return error(Failure::unreachable, ""); }
    void close() override {}

   private:
    std::string name_;
  };

  static void run(std::string_view bytes) {
    OwnAgentSession session(std::make_unique<NoPort>());
    session.build_ = "build";
    session.greeted_ = true;
    for (std::uint32_t id = 1; id < 4; ++id) session.waiting_.try_emplace(id);
    (void)session.take_frames(bytes);
    for (const auto& [name, service] : session.now({}).services)
      if (!is_service_unit_name(name) || service.name != name || service.description.size() > 600) std::abort();
    for (const auto& [id, waiting] : session.waiting_)
      if (const auto* done = waiting.answer ? std::get_if<protocol::Done>(&*waiting.answer) : nullptr)
        service_of(done->unit);
  }
};

}  // namespace vmms::guest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  vmms::guest::OwnAgentSessionFuzz::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
