// The client's connection, under the protocol that uses it: wire/http does not know WS-Management.
#include "wire/http/client_connection.hpp"

#include "testing/scripted_server.hpp"
#include "wire/wsman/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <filesystem>
#include <fstream>

namespace vmms::wire::wsman {
namespace {

using http::ClientConnection;
using http::ConnectionOptions;
using http::Endpoint;
using std::chrono::milliseconds;
using test::Reply;
using test::reply;
using test::ScriptedServer;
using testing::HasSubstr;

auto soon(milliseconds time = milliseconds(5000)) { return std::chrono::steady_clock::now() + time; }

ClientConnection connection_to(const std::string& url, ConnectionOptions options = {}) {
  return {*Endpoint::parse(url), std::move(options)};
}

TEST(EndpointTest, ReadsUrls) {
  const auto plain = Endpoint::parse("http://host.example:8080/other");
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->encrypted);
  EXPECT_EQ(plain->host, "host.example");
  EXPECT_EQ(plain->port, "8080");
  EXPECT_EQ(plain->path, "/other");
  EXPECT_EQ(plain->url(), "http://host.example:8080/other");
  EXPECT_EQ(Endpoint::parse("HTTPS://h")->url(), "https://h:5986/wsman");
  EXPECT_EQ(Endpoint::parse("http://h/")->url(), "http://h:5985/wsman");
  EXPECT_EQ(Endpoint::parse("http://[::1]:1")->host, "::1");
  EXPECT_EQ(Endpoint::parse("http://[::1]:1")->url(), "http://[::1]:1/wsman");
}

TEST(EndpointTest, RefusesWhatIsNoUrl) {
  for (const char* url : {"", "localhost", "ftp://h", "http://", "http://:80", "http://h:0", "http://h:65536",
                          "http://h:x", "http://h:", "http://[::1", "http://[h]:1", "http://[::1]x", "http://h/a b",
                          "http://h\r\nX: y/", "http://h#x", "http://h/#x", "http://h?x"})
    EXPECT_EQ(Endpoint::parse(url).error().kind, Failure::invalid_argument) << url;
}

TEST(EndpointTest, APasswordInAUrlIsRefusedAndNotRepeated) {
  const auto endpoint = Endpoint::parse("http://admin:secret@host");
  ASSERT_FALSE(endpoint);
  EXPECT_THAT(endpoint.error().message, testing::Not(HasSubstr("secret")));
  EXPECT_THAT(endpoint.error().message, HasSubstr("VMMS_PASSWORD"));
}

TEST(EndpointTest, KnowsLoopback) {
  for (const char* url : {"http://127.0.0.1", "http://127.9.9.9", "http://[::1]", "http://LocalHost",
                          "http://localhost./wsman", "http://vmms.localhost:5985"})
    EXPECT_TRUE(Endpoint::parse(url)->is_loopback()) << url;
  for (const char* url : {"http://10.0.0.1", "http://[fe80::1]", "http://host", "http://127.0.0.1.example",
                          "http://notlocalhost", "http://localhost.example", "http://localhost.."})
    EXPECT_FALSE(Endpoint::parse(url)->is_loopback()) << url;
}

TEST(EndpointTest, PasswordsDoNotLeaveTheMachineInClear) {
  ClientOptions options;
  options.user = "admin";
  EXPECT_FALSE(Client::create("http://host.example/wsman", options));
  EXPECT_TRUE(Client::create("https://host.example/wsman", options));
  EXPECT_TRUE(Client::create("http://127.0.0.1/wsman", options));
  options.allow_clear_password = true;
  EXPECT_TRUE(Client::create("http://host.example/wsman", options));
  options.user = "a:b";
  EXPECT_FALSE(Client::create("http://127.0.0.1/wsman", options));
}

TEST(ClientConnectionTest, KeepsItsConnection) {
  ScriptedServer server([](const auto& request) { return reply(200, request.body()); });
  ClientConnection connection = connection_to(server.url());
  for (const char* body : {"one", "two", "three"}) {
    const auto answer = connection.post(body, {}, soon());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, body);
  }
  EXPECT_EQ(server.connections(), 1U);
}

TEST(ClientConnectionTest, OpensANewOneWhenTheServerHasClosedIt) {
  ScriptedServer server([](const auto&) {
    Reply answer = reply(200, "x");
    answer.close = true;  // without saying so in the header
    return answer;
  });
  ClientConnection connection = connection_to(server.url());
  ASSERT_TRUE(connection.post("a", {}, soon()));
  // The end of the connection arrives by itself; a call before it is known to have been unlucky, not wrong.
  const auto give_up = soon();
  while (server.connections() < 2 && std::chrono::steady_clock::now() < give_up) (void)connection.post("b", {}, soon());
  EXPECT_GE(server.connections(), 2U);
  EXPECT_TRUE(connection.post("c", {}, soon()) || connection.post("c", {}, soon()));
}

TEST(ClientConnectionTest, NothingListening) {
  std::string url;
  {
    url = ScriptedServer([](const auto&) { return Reply{}; }).url();
  }
  const auto answer = connection_to(url).post("a", {}, soon());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Failure::unreachable);
  EXPECT_THAT(answer.error().message, HasSubstr("is vmmsd running there?"));
  EXPECT_THAT(answer.error().message, HasSubstr(url));
}

TEST(ClientConnectionTest, AnUnknownHost) {
  const auto answer = connection_to("http://no-such-host.invalid").post("a", {}, soon());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Failure::unreachable);
  EXPECT_THAT(answer.error().message, HasSubstr("no-such-host.invalid"));
}

TEST(ClientConnectionTest, ASilentServerIsGivenUpAtTheDeadline) {
  ScriptedServer* self = nullptr;
  ScriptedServer server([&](const auto&) { return self->hang(); });
  self = &server;
  ClientConnection connection = connection_to(server.url());
  const auto start = std::chrono::steady_clock::now();
  const auto answer = connection.post("a", {}, soon(milliseconds(150)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Failure::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(3000));
}

TEST(ClientConnectionTest, AServerThatStopsHalfwayIsGivenUpAtTheDeadline) {
  ScriptedServer server([](const auto&) { return Reply{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"}; });
  const auto answer = connection_to(server.url()).post("a", {}, soon(milliseconds(150)));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Failure::timed_out);
}

TEST(ClientConnectionTest, CutOffAnswersAreErrors) {
  const std::string whole = reply(200, "0123456789").bytes;
  std::atomic<std::size_t> length = 0;
  ScriptedServer server([&](const auto&) { return Reply{whole.substr(0, length), true}; });
  for (length = 0; length < whole.size(); ++length) {
    const auto answer = connection_to(server.url()).post("a", {}, soon());
    ASSERT_FALSE(answer) << length;
    EXPECT_EQ(answer.error().kind, Failure::unreachable) << answer.error().message;
  }
}

TEST(ClientConnectionTest, HostileAnswersAreErrors) {
  std::string bytes;
  ScriptedServer server([&](const auto&) { return Reply{bytes, true}; });
  for (const std::string& hostile :
       {std::string("\0\0\0\0\n\n", 6), std::string("SSH-2.0-x\r\n\r\n"), std::string("HTTP/9.9 200 OK\r\n\r\n"),
        std::string("HTTP/1.1 abc\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        "HTTP/1.1 200 OK\r\nX: " + std::string(200'000, 'x') + "\r\n\r\n"}) {
    bytes = hostile;
    EXPECT_FALSE(connection_to(server.url()).post("a", {}, soon())) << hostile.substr(0, 60);
  }
}

TEST(ClientConnectionTest, LargeAnswersAreRefusedBeforeTheyAreRead) {
  ScriptedServer server([](const auto& request) {
    if (request.body() == "declared") return Reply{"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", false};
    if (request.body() == "until closed") return Reply{"HTTP/1.1 200 OK\r\n\r\n" + std::string(2U << 20, 'x'), true};
    return reply(200, std::string(1000, 'x'));
  });
  ConnectionOptions options;
  options.response_limit = 1U << 20;
  for (const char* body : {"declared", "until closed"}) {
    const auto answer = connection_to(server.url(), options).post(body, {}, soon());
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, HasSubstr("larger than the 1 MiB"));
  }
  EXPECT_TRUE(connection_to(server.url(), options).post("small", {}, soon()));
}

// A certificate for `name`, signed by itself, and the server's context that uses it.
struct Certificate {
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
  std::string file;

  explicit Certificate(const std::string& name) {
    EVP_PKEY* key = EVP_EC_gen("P-256");
    X509* certificate = X509_new();
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_EXTENSION* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, name.c_str());
    X509_add_ext(certificate, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context.native_handle(), certificate);
    SSL_CTX_use_PrivateKey(context.native_handle(), key);
    file = (std::filesystem::temp_directory_path() / fmt::format("vmms-client-test-{}.pem", getpid())).string();
    FILE* out = std::fopen(file.c_str(), "w");
    PEM_write_X509(out, certificate);
    std::fclose(out);
    X509_free(certificate);
    EVP_PKEY_free(key);
  }
  ~Certificate() { std::filesystem::remove(file); }
};

TEST(ClientTlsTest, TrustsWhatTheCaFileHolds) {
  Certificate certificate("IP:127.0.0.1,DNS:localhost");
  ScriptedServer server([](const auto&) { return reply(200, "secret"); }, &certificate.context);
  ConnectionOptions options;
  options.ca_file = certificate.file;
  ClientConnection connection = connection_to(server.url(), options);
  for (int i = 0; i < 3; ++i) {
    const auto answer = connection.post("a", {}, soon());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "secret");
  }
  EXPECT_TRUE(connection_to(server.url("localhost"), options).post("a", {}, soon()));
}

TEST(ClientConnectionTest, FindsLocalhostWithoutAResolver) {
  ScriptedServer server([](const auto&) { return reply(200, "here"); });
  for (const char* host : {"localhost", "LOCALHOST", "localhost.", "vmms.localhost"}) {
    const auto answer = connection_to(server.url(host)).post("a", {}, soon());
    EXPECT_TRUE(answer) << host << ": " << answer.error().message;
  }
}

TEST(ClientTlsTest, RefusesAnUnknownCertificateByDefault) {
  Certificate certificate("IP:127.0.0.1");
  ScriptedServer server([](const auto&) { return reply(200, "x"); }, &certificate.context);
  const auto answer = connection_to(server.url()).post("a", "Basic c2VjcmV0", soon());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Failure::unreachable);
  EXPECT_THAT(answer.error().message, HasSubstr("is not trusted: self"));
  EXPECT_THAT(answer.error().message, HasSubstr("--ca"));
  EXPECT_TRUE(server.requests().empty());
  ConnectionOptions options;
  options.verify_certificate = false;
  EXPECT_TRUE(connection_to(server.url(), options).post("a", {}, soon()));
}

TEST(ClientTlsTest, RefusesACertificateOfAnotherHost) {
  Certificate certificate("DNS:other.example");
  ScriptedServer server([](const auto&) { return reply(200, "x"); }, &certificate.context);
  ConnectionOptions options;
  options.ca_file = certificate.file;
  const auto answer = connection_to(server.url(), options).post("a", {}, soon());
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, HasSubstr("is not trusted"));
}

TEST(ClientTlsTest, MixedUpProtocolsAreErrors) {
  Certificate certificate("IP:127.0.0.1");
  ScriptedServer tls([](const auto&) { return reply(200, "x"); }, &certificate.context);
  std::string url = tls.url();
  url.erase(4, 1);
  EXPECT_FALSE(connection_to(url).post("a", {}, soon()));
  ScriptedServer plain([](const auto&) { return reply(200, "x"); });
  url = plain.url();
  url.insert(4, "s");
  EXPECT_FALSE(connection_to(url).post("a", {}, soon()));
}

TEST(ClientTlsTest, AMissingCaFileIsNamed) {
  Certificate certificate("IP:127.0.0.1");
  ScriptedServer server([](const auto&) { return reply(200, "x"); }, &certificate.context);
  ConnectionOptions options;
  options.ca_file = "/no/such/file.pem";
  const auto answer = connection_to(server.url(), options).post("a", {}, soon());
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, Failure::invalid_argument);
  EXPECT_THAT(answer.error().message, HasSubstr("/no/such/file.pem"));
}

}  // namespace
}  // namespace vmms::wire::wsman
