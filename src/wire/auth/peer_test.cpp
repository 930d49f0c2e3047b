#include "wire/auth/peer.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <future>

namespace vmms::wire::auth {
namespace {

using namespace std::chrono_literals;

/// Refuses everybody.
class Nobody : public http::Authenticator {
 public:
  void authenticate(const http::Request&, http::ConnectionState&, http::Verified verified) override {
    verified({.refusal = http::Response{.status = 401, .content_type = {}, .body = {}}});
  }
};

class PeerTest : public testing::Test {
 protected:
  http::Verdict ask(std::optional<std::uint32_t> user_id) {
    http::Request request;
    request.peer_user_id = user_id;
    http::ConnectionState state;
    auto answer = std::make_shared<std::promise<http::Verdict>>();
    auto verdict = answer->get_future();
    peer_.authenticate(request, state, [answer](http::Verdict given) { answer->set_value(std::move(given)); });
    EXPECT_EQ(verdict.wait_for(10s), std::future_status::ready);
    return verdict.get();
  }

  WorkerPool pool_;
  Nobody nobody_;
  Peer peer_{nobody_, pool_};
};

TEST_F(PeerTest, NamesTheUserOfALocalProcess) {
  for (int i = 0; i < 2; ++i) {  // looked up, then remembered
    const auto verdict = ask(0);
    EXPECT_FALSE(verdict.refusal);
    EXPECT_EQ(verdict.principal->name, "root");
    EXPECT_EQ(verdict.principal->mechanism, "peer");
  }
}

TEST_F(PeerTest, AUserWithoutANameHasANumber) { EXPECT_EQ(ask(4'000'000'123U).principal->name, "uid 4000000123"); }

TEST_F(PeerTest, OthersMustSayWhoTheyAre) {
  const auto verdict = ask(std::nullopt);
  ASSERT_TRUE(verdict.refusal);
  EXPECT_EQ(verdict.refusal->status, 401u);
}

TEST_F(PeerTest, WhenThePoolEndsTheAnswerIsBusyButNotForRoot) {
  pool_.stop(1s);
  EXPECT_FALSE(ask(0).refusal);
  const auto verdict = ask(1);
  ASSERT_TRUE(verdict.refusal);
  EXPECT_EQ(verdict.refusal->status, 503u);
}

}  // namespace
}  // namespace vmms::wire::auth
