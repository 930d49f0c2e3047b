#include "wire/wsman/client.hpp"

#include "base/escaped.hpp"
#include "base/shortened.hpp"
#include "base/text.hpp"
#include "wire/wsman/client_envelope.hpp"
#include "wire/wsman/endpoint_reference.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/writer.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <charconv>

namespace vmms::wire::wsman {

namespace {

// The server answers at the operation's time-out, with a text; only a dead server makes the client give up by itself.
constexpr std::chrono::seconds grace{5};
constexpr std::string_view most_elements = "200";
// A server may answer a Pull with nothing yet, but not for ever.
constexpr int most_empty_pulls = 1000;

// What XML cannot carry would arrive as another text, and name another file or service.
Status check_text(std::string_view text) {
  if (xml::can_carry(text)) return {};
  return error(
      Failure::invalid_argument,
      fmt::format("\"{}\" cannot be sent: it is not UTF-8, or has a control character", escaped(shortened(text, 300))));
}

Status check_keys(const std::vector<cim::KeyBinding>& keys) {
  for (const cim::KeyBinding& key : keys)
    if (const Status right = key.reference ? check_keys(key.reference->keys) : check_text(key.value); !right)
      return right;
  return {};
}

Status check_input(const Input& input) {
  const auto* reference = std::get_if<cim::ObjectPath>(&input.value);
  return reference ? check_keys(reference->keys) : check_text(std::get<std::string>(input.value));
}

std::string base64(std::string_view text) {
  std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  encoded.resize(static_cast<std::size_t>(length));
  return encoded;
}

std::string uri_of(std::string_view namespace_name, std::string_view class_name) {
  return class_uri(UriFamily::microsoft, namespace_name.empty() ? default_namespace : namespace_name, class_name);
}

// Method and parameter names become element names.
bool is_identifier(std::string_view name) {
  return !name.empty() && !(name.front() >= '0' && name.front() <= '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
         });
}

Error unusable(const http::Endpoint& endpoint, std::string_view why) {
  return error(Failure::failed, fmt::format("{} does not answer as WS-Management should: {}", endpoint.url(), why));
}

Error status_error(const http::Endpoint& endpoint, const std::string& user, const http::HttpAnswer& answer) {
  switch (answer.status) {
    case 401:
      return error(Failure::access_denied,
                   user.empty() ? fmt::format("{} wants a user and a password: give --user NAME with --password-file "
                                              "FILE, or set VMMS_USER and VMMS_PASSWORD",
                                              endpoint.url())
                                : fmt::format("the server refused user {}: check the name and the password", user));
    case 403:
      return error(Failure::access_denied, fmt::format("user {} may not use {}", user, endpoint.url()));
    case 404:
      return error(
          Failure::not_found,
          fmt::format("there is no WS-Management service at {}: its path is usually /wsman, and its port the one "
                      "that vmmsd prints behind \"wsman=\" when it starts",
                      endpoint.url()));
    case 503:
      return error(Failure::busy, fmt::format("{} has too much to do; try again later", endpoint.url()));
    default:
      return unusable(endpoint, fmt::format("HTTP status {} {}", answer.status, answer.reason));
  }
}

}  // namespace

const Field* Record::find(std::string_view name) const {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const Field& field) { return equals_no_case(field.name, name); });
  return found == fields.end() ? nullptr : &*found;
}

std::string_view Record::text(std::string_view name) const {
  const Field* field = find(name);
  return field ? std::string_view(field->text) : std::string_view{};
}

std::vector<std::string_view> Record::texts(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field& field : fields)
    if (!field.is_null && equals_no_case(field.name, name)) values.push_back(field.text);
  return values;
}

std::optional<std::uint64_t> Record::number(std::string_view name) const {
  const std::string_view value = text(name);
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (failure != std::errc{} || end != value.data() + value.size()) return {};
  return number;
}

bool Record::is_true(std::string_view name) const { return equals_no_case(text(name), "true"); }

Client::Client(http::ClientConnection connection, ClientOptions options)
    : connection_(std::move(connection)), options_(std::move(options)) {
  if (!options_.user.empty()) authorization_ = "Basic " + base64(options_.user + ":" + options_.password);
}

Result<Client> Client::create(std::string_view url, ClientOptions options) {
  auto endpoint = http::Endpoint::parse(url);
  if (!endpoint) return endpoint.error();
  if (options.user.find(':') != std::string::npos)
    return error(Failure::invalid_argument, "a user name cannot contain a colon in Basic authentication");
  if (!options.user.empty() && !endpoint->encrypted && !endpoint->is_loopback() && !options.allow_clear_password)
    return error(Failure::invalid_argument,
                 fmt::format("refusing to send the password of {} in clear to {}: use https:// (--insecure sends it "
                             "all the same)",
                             options.user, endpoint->host));
  http::ClientConnection connection(std::move(*endpoint), options.connection);
  return Client(std::move(connection), std::move(options));
}

Result<client::Answer> Client::call(const std::string& envelope) {
  const auto deadline = std::chrono::steady_clock::now() + options_.operation_timeout + grace;
  auto http = connection_.post(envelope, authorization_, deadline);
  if (!http) return http.error();
  const bool soap = http->content_type.find("xml") != std::string::npos && !http->body.empty();
  // Faults come with 400 or 500; 401 is about the connection, whatever stands in its body.
  if (http->status == 401 || (http->status != 200 && !soap)) return status_error(endpoint(), options_.user, *http);
  auto answer = client::read_envelope(std::move(http->body));
  if (!answer) return unusable(endpoint(), answer.error().message);
  if (auto fault = client::find_fault(*answer)) return std::move(*fault);
  return answer;
}

Result<Identity> Client::identify() {
  const auto answer = call(client::write_identify());
  if (!answer) return answer.error();
  const xml::Element element = answer->body.child(names::wsmid, "IdentifyResponse");
  if (!element) return unusable(endpoint(), "the answer to Identify has no IdentifyResponse");
  const auto text = [&](std::string_view name) { return element.child(names::wsmid, name).text(); };
  return Identity{text("ProtocolVersion"), text("ProductVendor"), text("ProductVersion")};
}

Result<Record> Client::get(const cim::ObjectPath& path) {
  if (const Status right = check_keys(path.keys); !right) return right.error();
  const std::string uri = uri_of(path.namespace_name, path.class_name);
  const std::string to = endpoint().url();
  const auto answer =
      call(client::write_envelope({names::action_get, uri, to, options_.operation_timeout, &path.keys}, [](auto&) {}));
  if (!answer) return answer.error();
  const xml::Element instance = answer->body.first_child();
  if (!instance) return unusable(endpoint(), "the answer to Get holds no instance");
  return client::read_record(instance);
}

Status Client::enumerate(std::string_view namespace_name, std::string_view class_name,
                         const std::vector<cim::KeyBinding>& selectors, const std::function<bool(Record)>& each) {
  if (const Status right = check_keys(selectors); !right) return right;
  return enumerate(
      uri_of(namespace_name, class_name),
      [&](xml::Writer& writer) {
        if (selectors.empty()) return;
        writer.start("w:Filter").attribute("Dialect", names::dialect_selector);
        client::write_selectors(writer, selectors);
        writer.end();
      },
      each);
}

Status Client::query(std::string_view namespace_name, std::string_view text, const std::function<bool(Record)>& each) {
  if (const Status right = check_text(text); !right) return right;
  return enumerate(
      uri_of(namespace_name, "*"),
      [&](xml::Writer& writer) { writer.start("w:Filter").attribute("Dialect", names::dialect_wql).text(text).end(); },
      each);
}

Status Client::enumerate(const std::string& uri, const std::function<void(xml::Writer&)>& filter,
                         const std::function<bool(Record)>& each) {
  const std::string to = endpoint().url();
  const auto head = [&](std::string_view action) { return client::Head{action, uri, to, options_.operation_timeout}; };
  auto answer = call(client::write_envelope(head(names::action_enumerate), [&](xml::Writer& writer) {
    writer.start("n:Enumerate");
    writer.start("w:OptimizeEnumeration").end().element("w:MaxElements", most_elements);
    filter(writer);
    writer.end();
  }));
  std::string_view expected = "EnumerateResponse";
  for (int empty_pulls = 0;;) {
    if (!answer) return answer.error();
    const xml::Element response = answer->body.child(names::enumeration, expected);
    if (!response) return unusable(endpoint(), fmt::format("the answer has no {}", expected));
    xml::Element items;
    bool last = false;
    std::string context;
    for (const xml::Element child : response.children()) {
      if (child.name() == "Items") items = child;
      if (child.name() == "EndOfSequence") last = true;
      if (child.name() == "EnumerationContext") context = child.text();
    }
    last = last || context.empty();
    for (const xml::Element item : items.children()) {
      if (each(client::read_record(item))) continue;
      // Best effort: a context that is forgotten expires.
      if (!last)
        (void)call(client::write_envelope(head(names::action_release), [&](xml::Writer& writer) {
          writer.start("n:Release").element("n:EnumerationContext", context).end();
        }));
      return {};
    }
    if (last) return {};
    empty_pulls = items.first_child() ? 0 : empty_pulls + 1;
    if (empty_pulls > most_empty_pulls) return unusable(endpoint(), "an enumeration that neither ends nor goes on");
    answer = call(client::write_envelope(head(names::action_pull), [&](xml::Writer& writer) {
      writer.start("n:Pull").element("n:EnumerationContext", context).element("n:MaxElements", most_elements).end();
    }));
    expected = "PullResponse";
  }
}

Result<Outcome> Client::invoke(const cim::ObjectPath& path, std::string_view method, const std::vector<Input>& inputs) {
  if (!is_identifier(method))
    return error(Failure::invalid_argument, fmt::format("\"{}\" cannot be the name of a method", method));
  for (const Input& input : inputs)
    if (!is_identifier(input.name))
      return error(Failure::invalid_argument, fmt::format("\"{}\" cannot be the name of a parameter", input.name));
  if (const Status right = check_keys(path.keys); !right) return right.error();
  for (const Input& input : inputs)
    if (const Status right = check_input(input); !right) return right.error();
  const std::string uri = uri_of(path.namespace_name, path.class_name);
  const std::string action = fmt::format("{}/{}", uri, method);
  const std::string to = endpoint().url();
  const client::Head head{action, uri, to, options_.operation_timeout, &path.keys};
  const auto answer = call(client::write_envelope(head, [&](xml::Writer& writer) {
    writer.start("p", fmt::format("{}_INPUT", method)).attribute("xmlns:p", uri);
    for (const Input& input : inputs) {
      writer.start("p", input.name);
      if (const auto* reference = std::get_if<cim::ObjectPath>(&input.value))
        write_reference(writer, *reference, {UriFamily::microsoft, default_namespace});
      else
        writer.text(std::get<std::string>(input.value));
      writer.end();
    }
    writer.end();
  }));
  if (!answer) return answer.error();
  const xml::Element output = answer->body.first_child();
  if (!output.name().ends_with("_OUTPUT"))
    return unusable(endpoint(), fmt::format("the answer to {} has no {}_OUTPUT", method, method));
  Outcome outcome;
  outcome.outputs = client::read_record(output);
  auto& fields = outcome.outputs.fields;
  const auto value = std::find_if(fields.begin(), fields.end(),
                                  [](const Field& field) { return equals_no_case(field.name, "ReturnValue"); });
  if (value != fields.end()) {
    outcome.return_value = std::move(value->text);
    fields.erase(value);
  }
  return outcome;
}

}  // namespace vmms::wire::wsman
