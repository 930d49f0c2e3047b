#include "subjects.hpp"

#include "cim/datetime.hpp"
#include "cim/wql/parser.hpp"
#include "guest/agent/agent.hpp"
#include "guest/files/files.hpp"
#include "guest/services/init_scripts.hpp"
#include "guest/services/systemd.hpp"
#include "guest/services/windows.hpp"
#include "guest/system/key_values.hpp"
#include "guest/system/system.hpp"
#include "testing/test_doubles.hpp"
#include "testing/test_schema.hpp"
#include "wire/cimxml/request.hpp"
#include "wire/cimxml/server.hpp"
#include "wire/http/request_parser.hpp"
#include "wire/wsman/server.hpp"
#include "wire/xml/reader.hpp"

#include <fmt/format.h>

namespace cost_law {

using namespace vmms;
using namespace vmms::wire;
namespace doubles = vmms::wire::testing;

namespace {

// A namespace in memory, and both servers over it, whose pool is the calling thread.
struct World {
  explicit World(std::size_t systems) {
    manager.add_schema(doubles::schema);
    auto& management = add(doubles::management_service);
    management.instances = {instance(doubles::management_service, "Name", "vmms")};
    management.on_invoke = [](const auto&, const auto&, const auto&, const cim::Arguments& inputs) {
      return Result<cim::MethodResult>(cim::MethodResult{std::uint64_t{0}, inputs});
    };
    auto& settings = add(doubles::setting_data);
    for (const char* id : {"a", "b", "c"})
      settings.instances.push_back(instance(doubles::setting_data, "InstanceID", id));
    settings.on_modify = [](const auto&, const auto&) { return Status(); };
    settings.on_create = [](const cim::Instance& created) { return Result<cim::ObjectPath>(created.path()); };
    auto& computers = add(doubles::computer_system);
    for (std::size_t i = 0; i < systems; ++i) {
      computers.instances.push_back(instance(doubles::computer_system, "Name", fmt::format("{:08}", i)));
      computers.instances.back().set("CreationClassName", std::string("Msvm_ComputerSystem"));
      computers.instances.back().set("ElementName", fmt::format("a machine of some name {:08}", i));
    }
    manager.add(doubles::schema.namespace_name,
                std::make_unique<doubles::MemoryAssociation>(doubles::affected_job_element));
  }
  doubles::MemoryProvider& add(const cim::Class& cim_class) {
    auto provider = std::make_unique<doubles::MemoryProvider>(cim_class);
    doubles::MemoryProvider& added = *provider;
    manager.add(doubles::schema.namespace_name, std::move(provider));
    return added;
  }
  static cim::Instance instance(const cim::Class& cim_class, std::string_view key, std::string value) {
    cim::Instance made(cim_class);
    made.set(key, std::move(value));
    return made;
  }
  static Status at_once(const AccountPtr&, std::string_view, const std::function<void()>& task) {
    task();
    return {};
  }

  cim::ObjectManager manager{[](const auto&...) { return Status(); }, "host1"};
  wsman::Server wsman{manager, &at_once, {.host_name = "host1"}};
  cimxml::Server cimxml{manager, &at_once, {}};
};

/// Always gives the same answer.
class OneAnswer : public guest::Transport {
 public:
  explicit OneAnswer(std::string answer) : answer_(std::move(answer)) {}
  bool connected() const override { return true; }
  std::uint64_t connection() const override { return 1; }
  Result<std::string> command(std::string_view, guest::Clock::time_point) override { return answer_; }

 private:
  std::string answer_;
};

template <class T>
std::shared_ptr<T> kept(T value) {
  return std::make_shared<T>(std::move(value));
}

}  // namespace

Prepared wsman(std::string body, std::size_t objects) {
  const auto world = std::make_shared<World>(objects);
  const auto exchange = std::make_shared<doubles::FakeExchange>(doubles::post(std::move(body)));
  return [world, exchange] { world->wsman.handle(exchange); };
}

Prepared cimxml_server(std::string body, std::size_t objects) {
  const auto world = std::make_shared<World>(objects);
  http::Request request = doubles::post(std::move(body));
  request.content_type = "application/xml";
  request.headers = {{"CIMOperation", "MethodCall"}};
  // The header fields that fit the body, so that what is behind them is reached.
  if (const auto read = cimxml::read_request(request.body); !read || read->multiple) {
    request.headers.push_back({"CIMBatch", ""});
  } else {
    const cimxml::Call& call = read->calls.front();
    cim::ObjectPath target = call.target;
    target.namespace_name = {};
    request.headers.push_back({"CIMMethod", call.name});
    request.headers.push_back(
        {"CIMObject", call.intrinsic ? call.namespace_name : call.namespace_name + ":" + target.to_string()});
  }
  const auto exchange = std::make_shared<doubles::FakeExchange>(std::move(request));
  return [world, exchange] { world->cimxml.handle(exchange); };
}

Prepared http_whole(std::string bytes, std::size_t) {
  return [text = kept(std::move(bytes))] {
    const http::Limits limits;
    http::Request request;
    http::RequestParser parser(request, limits);
    std::size_t used = 0;
    (void)parser.put(boost::asio::buffer(*text), used);
  };
}

Prepared http_bytes(std::string bytes, std::size_t) {
  return [text = kept(std::move(bytes))] {
    const http::Limits limits;
    http::Request request;
    http::RequestParser parser(request, limits);
    std::size_t begin = 0;
    for (std::size_t end = 1; end <= text->size(); ++end) {
      std::size_t used = 0;
      const auto progress = parser.put(boost::asio::buffer(text->data() + begin, end - begin), used);
      begin += used;
      if (progress != http::RequestParser::Progress::need_more) break;
    }
  };
}

Prepared xml(std::string text, std::size_t) {
  return [copy = kept(std::move(text))] { (void)xml::Document::parse(std::move(*copy)); };
}

Prepared object_path(std::string text, std::size_t) {
  return [copy = kept(std::move(text))] {
    const auto path = cim::ObjectPath::parse(*copy);
    if (!path) return;
    (void)path->to_string();
    (void)(*path == *path);
    (void)similar_object(*path, *path);
  };
}

Prepared wql(std::string text, std::size_t) {
  return [copy = kept(std::move(text))] { (void)cim::wql::parse(*copy); };
}

Prepared times(std::string text, std::size_t) {
  return [copy = kept(std::move(text))] {
    (void)cim::DateTime::parse(*copy);
    (void)cim::DateTime::parse_iso8601(*copy);
    (void)cim::parse_duration(*copy);
  };
}

Prepared agent(std::string answer, std::size_t) {
  const auto transport = std::make_shared<OneAnswer>(std::move(answer));
  return [transport] {
    const auto deadline = guest::Clock::now() + std::chrono::hours(1);
    guest::Agent client(*transport);
    (void)client.information(deadline);
    (void)client.operating_system(deadline);
    (void)client.status(1, deadline);
    (void)client.read_file(1, guest::file_read_chunk, deadline);
    guest::System system(transport, std::make_shared<guest::AbandonedProcesses>());
    (void)system.interfaces(deadline);
  };
}

Prepared service_managers(std::string output, std::size_t) {
  return [text = kept(guest::Output{0, std::nullopt, std::move(output), {}})] {
    for (const auto& manager : {guest::make_systemd(252), guest::make_openrc(), guest::make_windows()}) {
      const auto list = manager->read_list(*text, nullptr);
      if (list) (void)manager->read_list(*text, list->get());
      (void)manager->read_state("a", *text);
      (void)manager->read_outcome("a", *text);
    }
  };
}

Prepared files(std::string output, std::size_t) {
  return [text = kept(std::move(output))] {
    (void)guest::read_listing(*text);
    (void)guest::check_guest_path(*text);
  };
}

Prepared key_values(std::string text, std::size_t) {
  return [copy = kept(std::move(text))] { (void)guest::write_key_values(guest::read_key_values(*copy)); };
}

}  // namespace cost_law
