#include "testing/http_server.hpp"

#include <sys/stat.h>

#include <fstream>

namespace vmms::wire::http {
namespace {

using ServerTlsTest = ServerTest;

TEST_F(ServerTlsTest, SpeaksTlsWithACertificateOfItsOwn) {
  options_.listeners = {{.address = "127.0.0.1", .port = 0, .tls = true}};
  options_.tls.state = folder() + "/state";
  serve();
  const std::string certificate = options_.tls.state + "/tls-certificate.pem";
  struct stat key {};
  ASSERT_EQ(::stat((options_.tls.state + "/tls-key.pem").c_str(), &key), 0);
  EXPECT_EQ(key.st_mode & 0777, 0600u);
  {
    TestClient client(port_, certificate);
    ASSERT_TRUE(client.connected());
    EXPECT_EQ(client.tls_version(), "TLSv1.3");
    const std::string body(500'000, 'b');
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(client.send(post("/wsman", body)));
      expect_reply(client, 200, body);
    }
    ASSERT_TRUE(client.send(post("/later", "")));
    const auto exchange = inbox_.take();
    ASSERT_TRUE(exchange);
    EXPECT_TRUE(exchange->request().encrypted);
    exchange->respond({.status = 200, .content_type = "", .body = "later"});
    expect_reply(client, 200, "later");
    ASSERT_TRUE(client.send(post("/wsman", "", "Connection: close\r\n")));
    expect_reply(client, 200, "");
    EXPECT_TRUE(client.ends());
  }
  {
    TestClient refused(port_, certificate);
    refused.send("POST /wsman HTTP/1.1\r\nHost: test\r\nContent-Length: 99999999\r\n\r\n" + std::string(300'000, 'x'));
    EXPECT_EQ(refused.read().value().status, 413u);
  }
  {
    TestClient cleartext(port_);
    cleartext.send(post("/wsman", ""));
    while (cleartext.receive()) {
    }
  }
  // The pair is kept: clients may have learnt to trust it.
  std::string before;
  std::getline(std::ifstream(certificate), before, '\0');
  serve();
  std::string after;
  std::getline(std::ifstream(certificate), after, '\0');
  EXPECT_EQ(before, after);
  TestClient client(port_, certificate);
  EXPECT_TRUE(client.connected());
}

TEST_F(ServerTlsTest, SlowTlsClientsAreDropped) {
  options_.listeners = {{.address = "127.0.0.1", .port = 0, .tls = true}};
  options_.tls.state = folder();
  options_.limits.head = 400ms;
  serve();
  TestClient no_handshake(port_);
  ASSERT_TRUE(no_handshake.send("\x16\x03\x01"));
  TestClient in_head(port_, folder() + "/tls-certificate.pem");
  ASSERT_TRUE(in_head.send("POST /wsman"));
  EXPECT_TRUE(no_handshake.ends());
  const auto reply = in_head.read();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 408u);
  EXPECT_TRUE(in_head.ends());
}

}  // namespace
}  // namespace vmms::wire::http
