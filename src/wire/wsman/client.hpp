// A WS-Management client (DSP0226): blocking, one request after the other over one connection. It knows no schema: what
// a server sends is kept as text under its names.
#pragma once

#include "base/result.hpp"
#include "cim/object_path.hpp"
#include "wire/http/client_connection.hpp"
#include "wire/xml/writer.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vmms::wire::wsman {

namespace client {
struct Answer;
}

/// The namespace that a path without one means.
inline constexpr std::string_view default_namespace = "root/virtualization/v2";

/// One property, parameter or return value.
struct Field {
  std::string name;
  std::string text;  ///< empty for NULL and for references; times as ISO 8601, embedded instances as CIM-XML
  bool is_null = false;
  std::shared_ptr<const cim::ObjectPath> reference = {};  ///< set for references
};

/// An instance, or what a method returned, in the order of the wire. The elements of an array follow each other under
/// the same name; an empty array is not there at all.
struct Record {
  std::string class_name;  ///< of the instance; for a method's answer `METHOD_OUTPUT`
  std::vector<Field> fields;

  const Field* find(std::string_view name) const;      ///< the first of that name, compared without case
  std::string_view text(std::string_view name) const;  ///< empty when absent or NULL
  std::vector<std::string_view> texts(std::string_view name) const;
  std::optional<std::uint64_t> number(std::string_view name) const;
  bool is_true(std::string_view name) const;
};

/// What a server reports of itself (DSP0226 11).
struct Identity {
  std::string protocol_version;
  std::string product_vendor;
  std::string product_version;
};

/// A value for a method's parameter: text (for embedded instances the CIM-XML), or a reference. The elements of an
/// array are given one after the other under the same name.
struct Input {
  std::string name;
  std::variant<std::string, cim::ObjectPath> value;
};

struct Outcome {
  std::string return_value;  ///< as text; empty when the method returned none
  Record outputs;            ///< the output parameters, without the return value
};

struct ClientOptions {
  http::ConnectionOptions connection = {};
  std::string user = {};  ///< empty: no credentials are sent
  std::string password = {};
  /// Sent as w:OperationTimeout. The server owns this deadline; the client waits a little longer for its answer.
  std::chrono::milliseconds operation_timeout{60'000};
  /// Send the password over unencrypted http to another machine.
  bool allow_clear_password = false;
};

/// Faults come back as Error: `message` is the server's reason, `kind` follows the fault's code.
class Client {
 public:
  /// Does not connect yet.
  static Result<Client> create(std::string_view url, ClientOptions options);

  Result<Identity> identify();
  Result<Record> get(const cim::ObjectPath& path);

  /// Calls `each` for every instance of the class whose properties equal the selectors; all with none. When `each`
  /// returns false, it stops and releases the enumeration.
  Status enumerate(std::string_view namespace_name, std::string_view class_name,
                   const std::vector<cim::KeyBinding>& selectors, const std::function<bool(Record)>& each);

  /// Runs a WQL query and calls `each` as enumerate() does. With columns the records are of the class "XmlFragment".
  Status query(std::string_view namespace_name, std::string_view text, const std::function<bool(Record)>& each);

  Result<Outcome> invoke(const cim::ObjectPath& path, std::string_view method, const std::vector<Input>& inputs);

  const http::Endpoint& endpoint() const { return connection_.endpoint(); }

 private:
  Client(http::ClientConnection connection, ClientOptions options);
  Result<client::Answer> call(const std::string& envelope);
  /// `filter` writes the filter, if there is one.
  Status enumerate(const std::string& uri, const std::function<void(xml::Writer&)>& filter,
                   const std::function<bool(Record)>& each);

  http::ClientConnection connection_;
  ClientOptions options_;
  std::string authorization_;
};

}  // namespace vmms::wire::wsman
