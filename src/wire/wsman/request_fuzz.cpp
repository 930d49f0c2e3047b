// Whatever a client sends must get an answer: the envelope reader, and the operations after it.
#include "base/encoding.hpp"
#include "testing/test_doubles.hpp"
#include "testing/test_schema.hpp"
#include "wire/wsman/server.hpp"
#include "wire/xml/reader.hpp"

#include <spdlog/spdlog.h>

#include <cstdlib>

using namespace vmms;
using namespace vmms::wire;

namespace {

struct World {
  World() {
    spdlog::set_level(spdlog::level::off);
    manager.add_schema(testing::schema);
    auto management = std::make_unique<testing::MemoryProvider>(testing::management_service);
    cim::Instance service(testing::management_service);
    service.set("Name", std::string("vmms"));
    management->instances = {service};
    management->on_invoke = [](const auto&, const auto&, const auto&,
                               const cim::Arguments& inputs) -> Result<cim::MethodResult> {
      return cim::MethodResult{std::uint64_t{0}, inputs};
    };
    manager.add(testing::schema.namespace_name, std::move(management));
    auto settings = std::make_unique<testing::MemoryProvider>(testing::setting_data);
    settings->instances.assign(3, cim::Instance(testing::setting_data));
    manager.add(testing::schema.namespace_name, std::move(settings));
  }

  cim::ObjectManager manager{[](const auto&, auto, const auto&, const auto*) { return Status(); }};
  wsman::Server server{manager,
                       [](const AccountPtr&, std::string_view, const std::function<void()>& task) {
                         task();
                         return Status();
                       },
                       {}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  const auto exchange =
      std::make_shared<testing::FakeExchange>(testing::post(std::string(reinterpret_cast<const char*>(data), size)));
  world.server.handle(exchange);
  if (!exchange->answered()) std::abort();
  const http::Response response = exchange->wait();
  const auto text = to_utf8(response.body, encoding_of(response.body));
  if (!text || !xml::Document::parse(*text)) std::abort();
  return 0;
}
