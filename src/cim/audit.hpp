// What was done, by whom, and how it ended, for an auditor that keeps records.
#pragma once

#include "cim/provider.hpp"

#include <chrono>
#include <string_view>

namespace vmms::cim {

/// One operation that has ended. Everything is valid during the call only.
struct AuditEvent {
  std::string_view operation;  ///< "invoke", "modify", "create", "delete"; reads: "get", "enumerate", "query" …
  const Context& context;
  std::string_view namespace_name;
  std::string_view class_name = {};      ///< as the caller named it
  const ObjectPath* object = nullptr;    ///< as the caller named it
  std::string_view query = {};           ///< WQL
  std::string_view method_name = {};     ///< as the caller named it
  const Method* method = nullptr;        ///< null: there is no such method
  const Arguments* inputs = nullptr;     ///< parallel to method->parameters
  const Instance* instance = nullptr;    ///< the changes, or what was to be created
  const Error* error = nullptr;          ///< why it failed; access_denied: it was refused
  const MethodResult* result = nullptr;  ///< of a method that answered
  const ObjectPath* created = nullptr;
  std::chrono::steady_clock::duration duration{};
};

/// A sign-in that was refused.
struct RefusedSignIn {
  std::string_view user;  ///< the user name that the client gave; empty: it could not be read
  std::string_view mechanism;
  std::string_view peer;     ///< "127.0.0.1:4711"
  std::string_view address;  ///< what failures are counted by, see http::ConnectionState
  std::string_view why;
};

/// Keeps records. Any thread; must not wait.
class Auditor {
 public:
  virtual ~Auditor() = default;
  /// Whether operations that only read are recorded, too. Refused ones always are.
  virtual bool reads() const = 0;
  virtual void record(const AuditEvent& event) = 0;
  virtual void record(const RefusedSignIn& refused) = 0;
};

/// An operation under way: reported when it has ended, in whatever way, to `auditor` if there is one.
class Audited {
 public:
  Audited(Auditor* auditor, const AuditEvent& event) : auditor_(auditor), event_(event) {
    if (auditor_) begun_ = std::chrono::steady_clock::now();
  }
  Audited(const Audited&) = delete;
  Audited& operator=(const Audited&) = delete;
  ~Audited();  ///< reports an exception, when nothing was reported

  void found(const Method* method) { event_.method = method; }

  Result<MethodResult> ended(Result<MethodResult> result) {
    if (result) event_.result = &*result;
    tell(result);
    return result;
  }
  Result<ObjectPath> ended(Result<ObjectPath> created) {
    if (created) event_.created = &*created;
    tell(created);
    return created;
  }
  template <class T>
  Result<T> ended(Result<T> result) {
    tell(result);
    return result;
  }

 private:
  template <class T>
  void tell(const Result<T>& result) {
    if (!auditor_) return;
    const Error error = result ? Error{} : result.error();
    if (!result) event_.error = &error;
    tell();
  }
  void tell();

  Auditor* auditor_;  ///< null once it was reported
  AuditEvent event_;
  std::chrono::steady_clock::time_point begun_;
};

/// Runs an operation that only reads; reports it where that is wanted, and when it was refused.
template <class Operation>
auto audited_read(Auditor* auditor, const AuditEvent& event, Operation operation) {
  if (!auditor) return operation();
  if (auditor->reads()) {
    Audited audited(auditor, event);
    return audited.ended(operation());
  }
  auto result = operation();
  if (!result && result.error().kind == Failure::access_denied) Audited(auditor, event).ended(Status(result.error()));
  return result;
}

}  // namespace vmms::cim
