// For tests: providers that hold instances in memory, and an exchange without a network.
#pragma once

#include "base/text.hpp"
#include "cim/object_manager.hpp"
#include "testing/test_principal.hpp"
#include "wire/http/exchange.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vmms::wire::testing {

/// Holds instances; everything else is a function that a test sets.
class MemoryProvider : public cim::Provider {
 public:
  explicit MemoryProvider(const cim::Class& cim_class) : class_(cim_class) {}

  const cim::Class& cim_class() const override { return class_; }
  void enumerate(const cim::Context&, const cim::Query& query, cim::Page& page) override {
    if (before) before();
    page.failures.insert(page.failures.end(), failures.begin(), failures.end());
    std::size_t found = 0;
    for (const cim::Instance& instance : instances) {
      const std::vector<std::string> key = key_of(instance);
      bool fits = !query.after || key > *query.after;
      for (std::size_t i = 0; i < key.size(); ++i)
        fits = fits && (!query.keys[i] || equals_no_case(*query.keys[i], key[i]));
      if (!fits) continue;
      if (found++ == query.limit) {
        page.more = true;
        break;
      }
      page.items.push_back(cim::Instance(instance));
    }
  }
  Result<cim::Instance> get(const cim::Context&, const cim::ObjectPath& path) override {
    if (before) before();
    for (const cim::Instance& instance : instances)
      if (same_object(instance.path(), path)) return instance;
    return error(Failure::not_found, "there is no instance " + path.to_string());
  }
  Result<cim::MethodResult> invoke(const cim::Context& context, const cim::ObjectPath& path, const cim::Method& method,
                                   const cim::Arguments& inputs) override {
    if (before) before();
    return on_invoke(context, path, method, inputs);
  }
  Status modify(const cim::Context& context, const cim::ObjectPath& path, const cim::Instance& changes) override {
    return on_modify ? on_modify(path, changes) : Provider::modify(context, path, changes);
  }
  Result<cim::ObjectPath> create(const cim::Context& context, const cim::Instance& instance) override {
    return on_create ? on_create(instance) : Provider::create(context, instance);
  }
  Status remove(const cim::Context& context, const cim::ObjectPath& path) override {
    return on_remove ? on_remove(path) : Provider::remove(context, path);
  }

  std::vector<cim::Instance> instances;  ///< ascending by key
  std::vector<Error> failures;
  std::function<void()> before;  ///< every call of the object manager
  std::function<Result<cim::MethodResult>(const cim::Context&, const cim::ObjectPath&, const cim::Method&,
                                          const cim::Arguments&)>
      on_invoke;
  std::function<Status(const cim::ObjectPath&, const cim::Instance&)> on_modify;
  std::function<Result<cim::ObjectPath>(const cim::Instance&)> on_create;
  std::function<Status(const cim::ObjectPath&)> on_remove;

 private:
  static std::vector<std::string> key_of(const cim::Instance& instance) {
    std::vector<std::string> key;
    for (const std::uint16_t index : instance.cim_class().keys) key.push_back(to_text(instance.values[index]));
    return key;
  }
  const cim::Class& class_;
};

/// The same associations from every end.
class MemoryAssociation : public cim::AssociationProvider {
 public:
  explicit MemoryAssociation(const cim::Class& cim_class) : class_(cim_class) {}
  const cim::Class& cim_class() const override { return class_; }
  Result<std::vector<cim::Instance>> from(const cim::Context&, std::string_view, const cim::ObjectPath&) override {
    return instances;
  }
  std::vector<cim::Instance> instances;

 private:
  const cim::Class& class_;
};

inline http::Request post(std::string body, std::string user = "Administrator") {
  http::Request request;
  request.method = "POST";
  request.target = "/wsman";
  request.content_type = "application/soap+xml;charset=UTF-8";
  request.body = std::move(body);
  request.principal = http::test_principal(std::move(user));
  return request;
}

class FakeExchange : public http::Exchange {
 public:
  explicit FakeExchange(http::Request request) : request_(std::move(request)) {}

  const http::Request& request() const override { return request_; }
  std::string take_body() override { return std::exchange(request_.body, {}); }
  Status keep(std::size_t bytes) override {
    if (bytes > most_kept) return error(Failure::busy, "that is more than there is");
    kept = bytes;
    return {};
  }
  bool respond(http::Response response) override {
    const std::lock_guard lock(mutex_);
    if (response_) return false;
    response_ = std::move(response);
    answered_.notify_all();
    return true;
  }
  void expire_at(std::chrono::steady_clock::time_point when, std::function<http::Response()> late) override {
    const std::lock_guard lock(mutex_);
    deadline_ = when;
    late_ = std::move(late);
  }

  std::size_t kept = 0;  ///< see keep()
  std::size_t most_kept = SIZE_MAX;
  /// What the connection does when the deadline passes.
  void expire() { respond(late_()); }
  bool answered() const {
    const std::lock_guard lock(mutex_);
    return response_.has_value();
  }
  http::Response wait() const {
    std::unique_lock lock(mutex_);
    answered_.wait(lock, [this] { return response_.has_value(); });
    return *response_;
  }
  std::optional<std::chrono::steady_clock::time_point> deadline() const {
    const std::lock_guard lock(mutex_);
    return deadline_;
  }

 private:
  http::Request request_;
  mutable std::mutex mutex_;
  mutable std::condition_variable answered_;
  std::optional<http::Response> response_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::function<http::Response()> late_;
};

}  // namespace vmms::wire::testing
