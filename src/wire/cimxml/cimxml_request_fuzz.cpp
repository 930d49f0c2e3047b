#include "testing/test_doubles.hpp"
#include "testing/test_schema.hpp"
#include "wire/cimxml/server.hpp"

#include <cstdint>
#include <cstdlib>

using namespace vmms;
using namespace vmms::wire;

namespace {

// The header fields that fit a body, so that the code after their check is reached.
std::vector<http::Header> headers_for(const std::string& body) {
  std::vector<http::Header> headers = {{"CIMOperation", "MethodCall"}};
  const auto request = cimxml::read_request(body);
  if (!request) return headers;
  if (request->multiple) {
    headers.push_back({"CIMBatch", ""});
    return headers;
  }
  const cimxml::Call& call = request->calls.front();
  headers.push_back({"CIMMethod", call.name});
  cim::ObjectPath target = call.target;
  target.namespace_name = {};
  headers.push_back(
      {"CIMObject", call.intrinsic ? call.namespace_name : call.namespace_name + ":" + target.to_string()});
  return headers;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cim::ObjectManager manager([](const auto&...) { return Status(); }, "host1");
  manager.add_schema(testing::schema);
  auto provider = std::make_unique<testing::MemoryProvider>(testing::setting_data);
  for (const char* id : {"a", "b", "c"}) {
    provider->instances.emplace_back(testing::setting_data);
    provider->instances.back().set("InstanceID", std::string(id));
  }
  manager.add(testing::schema.namespace_name, std::move(provider));
  cimxml::Server server(manager,
                        [](const AccountPtr&, std::string_view, const std::function<void()>& task) -> Status {
                          task();
                          return {};
                        },
                        {});
  http::Request request = testing::post(std::string(reinterpret_cast<const char*>(data), size));
  request.content_type = "application/xml";
  request.headers = headers_for(request.body);
  const auto exchange = std::make_shared<testing::FakeExchange>(request);
  server.handle(exchange);
  if (!exchange->answered()) std::abort();
  const http::Response response = exchange->wait();
  // Whatever was asked: the answer can be read.
  if (response.status == 200 && !xml::Document::parse(response.body, {.elements = 1'000'000})) std::abort();
  return 0;
}
