#include "guest/own_agent/own_agent_session.hpp"

#include "base/thread.hpp"
#include "base/waiting.hpp"
#include "base/worker_pool.hpp"
#include "guest/testing/fd_port.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <limits>
#include <mutex>
#include <thread>

namespace vmms::guest {
namespace {

using namespace std::chrono_literals;
using namespace protocol;

Clock::time_point soon() { return Clock::now() + 20s; }

Unit unit(const std::string& name, const std::string& active, std::vector<std::string> names = {}) {
  Unit unit;
  unit.name = name;
  unit.names = std::move(names);
  unit.names.push_back(name);
  unit.load_state = "loaded";
  unit.active_state = active;
  unit.type = "exec";
  unit.result = "success";
  return unit;
}

// The test plays the agent.
class OwnAgentSessionTest : public testing::Test {
 protected:
  OwnAgentSessionTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    port_ = std::make_unique<FdPort>(ends[0], "org.vmms.agent.1");
    agent_ = std::make_unique<FdPort>(ends[1], "guest");
  }
  ~OwnAgentSessionTest() override {
    if (session_) session_->end(false, "the test is over");
  }

  void begin() {
    say(Hello{protocol::version, "build"});
    const auto session = OwnAgentSession::begin(std::move(port_), "build", soon(), account_);
    ASSERT_TRUE(session) << session.error().message;
    session_ = *session;
  }
  void say(const ToHost& message) { EXPECT_TRUE(agent_->write(encode(message), soon())); }
  void tell(const ToHost& event) {
    ++events_;
    say(event);
  }
  ToAgent hear() {
    while (true) {
      if (const auto frame = frames_.next()) return decode_to_agent(*frame).value();
      const auto bytes = agent_->read(4096, soon());
      if (!bytes) return Exit{};
      frames_.add(*bytes);
    }
  }
  template <class Message>
  Message hear() {
    return std::get<Message>(hear());
  }
  /// Everything said so far has been taken in.
  void catch_up() {
    std::this_thread::sleep_for(110ms);  // what is younger is current anyway
    auto current = std::async(std::launch::async, [this] { return session_->current(soon()); });
    say(Pong{hear<Ping>().id, events_});
    EXPECT_TRUE(current.get());
  }

  std::unique_ptr<Port> port_;
  std::unique_ptr<Port> agent_;
  FrameReader frames_;
  std::uint64_t events_ = 0;
  AccountPtr account_;
  std::shared_ptr<OwnAgentSession> session_;
};

/// Nothing can be written while it is full; a writer waits as on a real port, without a thread of the pool.
class FullPort : public Port {
 public:
  explicit FullPort(std::unique_ptr<Port> port) : port_(std::move(port)) {}
  const std::string& name() const override { return port_->name(); }
  Status write(std::string_view bytes, Clock::time_point deadline) override {
    {
      std::unique_lock lock(mutex_);
      ++writing_;
      changed_.notify_all();
      if (!changed_.wait_until(lock, deadline, [this] { return !full_; }))
        return error(Failure::timed_out, "the guest does not read");
    }
    return port_->write(bytes, deadline);
  }
  Result<std::string> read(std::size_t most, Clock::time_point deadline) override {
    return port_->read(most, deadline);
  }
  void close() override { port_->close(); }

  void fill(bool full) {
    const std::lock_guard lock(mutex_);
    full_ = full;
    changed_.notify_all();
  }
  void wait_for_a_writer() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 10s, [this] { return writing_ > 0; }));
  }

 private:
  const std::unique_ptr<Port> port_;
  std::mutex mutex_;
  Condition changed_;
  bool full_ = false;
  unsigned writing_ = 0;
};

TEST_F(OwnAgentSessionTest, AGuestThatReadsNothingHoldsNoThreads) {
  auto full = std::make_unique<FullPort>(std::move(port_));
  FullPort& port = *full;
  port_ = std::move(full);
  begin();
  port.fill(true);
  WorkerPool pool({.threads = 4, .running_per_key = 2});
  constexpr int calls = 6;
  const auto ended = std::make_shared<std::atomic<int>>(0);
  const auto all = std::make_shared<std::promise<void>>();
  for (int i = 0; i < calls; ++i)
    ASSERT_TRUE(pool.submit("vm", [session = session_, ended, all] {
      EXPECT_FALSE(session->state("a.service", soon()));
      if (++*ended == calls) all->set_value();
    }));
  port.wait_for_a_writer();
  std::promise<void> turn;
  ASSERT_TRUE(pool.submit("another", [&turn] { turn.set_value(); }));
  EXPECT_EQ(turn.get_future().wait_for(10s), std::future_status::ready);
  std::this_thread::sleep_for(50ms);  // so that the others have come as far as they can
  port.fill(false);
  session_->end(false, "the test is over");
  EXPECT_EQ(all->get_future().wait_for(10s), std::future_status::ready) << *ended << " calls have ended";
}

TEST_F(OwnAgentSessionTest, AnotherProgramIsNotSpokenTo) {
  say(Hello{protocol::version, "another build"});
  const auto session = OwnAgentSession::begin(std::move(port_), "build", soon());
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, Failure::unreachable);
}

TEST_F(OwnAgentSessionTest, AnAgentThatSaysNothingIsGivenUp) {
  const auto session = OwnAgentSession::begin(std::move(port_), "build", Clock::now() + 50ms);
  ASSERT_FALSE(session);
  EXPECT_NE(session.error().message.find("did not say anything"), std::string::npos) << session.error().message;
}

TEST_F(OwnAgentSessionTest, StatesAreThoseToldLast) {
  begin();
  EXPECT_FALSE(session_->versions());
  tell(Changed{unit("a.service", "inactive", {"alias.service"})});
  tell(Changed{unit("b.service", "active")});
  tell(Synchronized{});
  tell(Changed{unit("a.service", "active", {"alias.service"})});
  tell(Gone{"b.service"});
  catch_up();
  ASSERT_TRUE(session_->versions());
  EXPECT_EQ(session_->loaded("a.service")->active_state, "active");
  EXPECT_EQ(session_->loaded("alias.service")->name, "a.service");
  EXPECT_FALSE(session_->loaded("b.service"));

  // b has a file, so it is listed, c had none; d is new.
  ServiceList list;
  for (const char* name : {"a.service", "b.service", "c.service"})
    list.services[name] = *service_of(unit(name, "failed"));
  list.defined = {"a.service", "b.service"};
  const auto before = session_->versions();
  tell(Changed{unit("d.service", "activating")});
  catch_up();
  EXPECT_NE(session_->versions(), before);
  const ServiceList now = session_->now(list);
  EXPECT_EQ(now.services.size(), 3U);
  EXPECT_EQ(now.services.at("a.service").active_state, "active");
  EXPECT_EQ(now.services.at("b.service").active_state, "inactive");
  EXPECT_EQ(now.services.at("d.service").active_state, "activating");
}

TEST_F(OwnAgentSessionTest, WhatIsNoServiceIsLeftOut) {
  begin();
  tell(Changed{unit("../../etc.service", "active")});
  tell(Changed{unit("a.socket", "active")});
  tell(Changed{unit("worker@.service", "active")});
  tell(Synchronized{});
  catch_up();
  EXPECT_TRUE(session_->now({}).services.empty());
  Unit dirty = unit("a.service", "act\33[2Jive");
  dirty.description = std::string(10000, 'x');
  EXPECT_EQ(service_of(dirty)->active_state.find('\33'), std::string::npos);
  EXPECT_LT(service_of(dirty)->description.size(), 600U);
}

TEST_F(OwnAgentSessionTest, StartsOverlapAndSayHowTheyEnded) {
  begin();
  auto first = session_->start("a.service");
  auto second = session_->start("b.service");
  ASSERT_TRUE(first && second);
  const auto a = hear<Start>();
  const auto b = hear<Start>();
  EXPECT_EQ(a.unit, "a.service");
  say(Done{b.id, "done", "", "", unit("b.service", "active"), {}});
  const auto ended = second->advance(soon());
  ASSERT_TRUE(ended && *ended);
  EXPECT_TRUE((*ended)->service.started());
  EXPECT_EQ((*ended)->exit_status, 0U);
  EXPECT_FALSE(first->advance(Clock::now() + 10ms));
  say(Done{a.id, "failed", "", "", unit("a.service", "failed"), {"one", "\33two"}});
  const auto failed = first->advance(soon());
  ASSERT_TRUE(failed && *failed);
  EXPECT_NE((*failed)->exit_status, 0U);
  EXPECT_NE((*failed)->message.find("a.service"), std::string::npos);
  EXPECT_EQ((*failed)->log_lines.size(), 2U);
  EXPECT_EQ((*failed)->log_lines[1].find('\33'), std::string::npos);
}

TEST_F(OwnAgentSessionTest, NoSuchServiceIsNotFound) {
  begin();
  auto stop = session_->stop("a.service");
  Unit none = unit("a.service", "inactive");
  none.load_state = "not-found";
  say(Done{hear<Stop>().id, "", "org.freedesktop.systemd1.NoSuchUnit", "Unit a.service not loaded.", none, {}});
  const auto ended = stop->advance(soon());
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->error().kind, Failure::not_found);

  auto state = std::async(std::launch::async, [this] { return session_->state("a.service", soon()); });
  say(State{hear<AskState>().id, none});
  EXPECT_EQ(state.get().error().kind, Failure::not_found);
}

TEST_F(OwnAgentSessionTest, WhoeverWaitsHearsThatItEnded) {
  begin();
  auto start = session_->start("a.service");
  hear<Start>();
  auto ended = std::async(std::launch::async, [&] { return start->advance(soon()); });
  agent_.reset();
  const auto result = ended.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->error().kind, Failure::unreachable);
  EXPECT_FALSE(session_->alive());
  EXPECT_EQ(session_->current(soon()).error().kind, Failure::unreachable);
}

TEST_F(OwnAgentSessionTest, AGuestThatWentBackInTimeIsNotBelieved) {
  begin();
  tell(Changed{unit("a.service", "active")});
  auto current = std::async(std::launch::async, [this] { return session_->current(soon()); });
  say(Pong{hear<Ping>().id, 0});
  EXPECT_EQ(current.get().error().kind, Failure::unreachable);
  EXPECT_FALSE(session_->alive());
}

TEST_F(OwnAgentSessionTest, ASilentAgentIsGivenUpWithinFiveSeconds) {
  begin();
  const auto begun = Clock::now();
  EXPECT_EQ(session_->current(soon()).error().kind, Failure::unreachable);
  EXPECT_LT(Clock::now() - begun, 5s);
  EXPECT_FALSE(session_->alive());
}

TEST_F(OwnAgentSessionTest, TheDeadlineOfOneCallerEndsNothingElse) {
  begin();
  EXPECT_EQ(session_->current(Clock::now() + 20ms).error().kind, Failure::timed_out);
  EXPECT_TRUE(session_->alive());
}

TEST_F(OwnAgentSessionTest, NonsenseEndsIt) {
  begin();
  EXPECT_TRUE(agent_->write("HTTP/1.1 400 Bad Request\r\n\r\n", soon()));
  while (session_->alive()) std::this_thread::sleep_for(2ms);
  EXPECT_NE(session_->end_reason().find("makes no sense"), std::string::npos);
}

TEST_F(OwnAgentSessionTest, LostMeansNothingIsKnown) {
  begin();
  tell(Changed{unit("a.service", "active")});
  tell(Synchronized{});
  tell(Lost{});
  catch_up();
  EXPECT_FALSE(session_->versions());
  EXPECT_FALSE(session_->loaded("a.service"));
}

TEST_F(OwnAgentSessionTest, ToldToGoItLeaves) {
  begin();
  session_->end(true, "not wanted");
  EXPECT_FALSE(session_->alive());
  hear<Exit>();
  say(Lost{});
  while (session_->end_reason().empty()) std::this_thread::sleep_for(2ms);
}

TEST_F(OwnAgentSessionTest, ACancelledCopyTellsTheGuest) {
  begin();
  std::atomic<bool> cancelled{false};
  auto copy = std::async(std::launch::async, [&] {
    return session_->receive_file("port", "/tmp/x", 5, {{0, 5}}, soon(), [&] { return cancelled.load(); });
  });
  const auto request = hear<Receive>();
  EXPECT_EQ(request.segments.size(), 1U);
  cancelled = true;
  EXPECT_EQ(hear<Cancel>().id, request.id);
  EXPECT_EQ(copy.get().error().kind, Failure::invalid_state);
}

TEST_F(OwnAgentSessionTest, CopiesSayWhatWentWrongInTheGuest) {
  begin();
  auto copy = std::async(std::launch::async, [&] { return session_->send_file("port", "/tmp/x", 0, 5, soon()); });
  say(Failed{hear<Send>().id, 2, "opening /tmp/x: No such file or directory"});
  const auto result = copy.get();
  EXPECT_EQ(result.error().kind, Failure::failed);
  EXPECT_EQ(result.error().message, "errno 2: opening /tmp/x: No such file or directory");
}

// A guest that sends as much as each message can hold.
Unit endless(int number) {
  const auto padded = [](std::string text) { return text.append(247 - text.size(), 'x') + ".service"; };
  std::vector<std::string> names;
  for (int alias = 0; alias < 64; ++alias)
    names.push_back(padded("u" + std::to_string(number) + "-" + std::to_string(alias)));
  Unit endless = unit(padded("u" + std::to_string(number)), "active", std::move(names));
  endless.description = std::string(4000, '\1');
  return endless;
}

TEST_F(OwnAgentSessionTest, ThatTellsTooMuchEnds) {
  Ledger ledger;
  account_ = ledger.account(Ledger::Payer::machine, "VM");
  begin();
  std::size_t most = 0;
  for (int number = 0; number < 20'000; ++number) {
    if (!session_->alive() || !agent_->write(encode(Changed{endless(number)}), Clock::now() + 1s)) break;
    most = std::max(most, account_->bytes());
  }
  EXPECT_FALSE(session_->alive());
  EXPECT_TRUE(session_->told_too_much());
  EXPECT_NE(session_->end_reason().find("more than the 16 MiB"), std::string::npos) << session_->end_reason();
  EXPECT_GT(most, OwnAgentSession::most_bytes / 2);
  EXPECT_LT(most, OwnAgentSession::most_bytes + (1U << 20));
  while (account_->bytes() != 0) std::this_thread::yield();
}

TEST_F(OwnAgentSessionTest, KeepsNoMoreThanItsVirtualMachineMay) {
  Ledger::Options options;
  options.bytes_of_machine = std::size_t{1} << 20;
  Ledger ledger(options);
  account_ = ledger.account(Ledger::Payer::machine, "VM");
  begin();
  for (int number = 0;
       number < 1'000 && session_->alive() && agent_->write(encode(Changed{endless(number)}), Clock::now() + 1s);)
    ++number;
  EXPECT_FALSE(session_->alive());
  EXPECT_TRUE(session_->told_too_much());
  EXPECT_LE(account_->bytes(), options.bytes_of_machine);
}

TEST_F(OwnAgentSessionTest, WhatIsToldAgainCostsNoMore) {
  Ledger ledger;
  account_ = ledger.account(Ledger::Payer::machine, "VM");
  begin();
  for (int time = 0; time < 300; ++time) tell(Changed{endless(1)});
  tell(Synchronized{});
  catch_up();
  const std::size_t one = account_->bytes();
  EXPECT_LT(one, std::size_t{1} << 20);
  tell(Gone{endless(1).name});
  for (int number = 0; number < 20; ++number) tell(Changed{endless(2 + number)});
  for (int number = 0; number < 20; ++number) tell(Gone{endless(2 + number).name});
  tell(Lost{});
  for (int time = 0; time < 300; ++time) tell(Changed{endless(1)});
  catch_up();
  EXPECT_TRUE(session_->alive());
}

TEST_F(OwnAgentSessionTest, AFloodWaitsInTheGuest) {
  begin();
  const std::string frame = encode(Changed{endless(1)});
  std::string frames;
  while (frames.size() < 100'000) frames += frame;
  std::size_t written = 0;
  const Clock::time_point end = Clock::now() + 60s;
  // Written in pieces until one is not taken for a while.
  for (bool taken = true; taken && Clock::now() < end;) {
    taken = agent_->write(frames, Clock::now() + 100ms).has_value();
    if (taken) written += frames.size();
  }
  EXPECT_GT(written, OwnAgentSession::burst_bytes / 2) << "a guest may tell all that it has at its begin";
  EXPECT_LT(written, OwnAgentSession::burst_bytes + (2U << 20));
  EXPECT_TRUE(session_->alive());
  const Clock::time_point begun = Clock::now();
  session_->end(false, "the test ends it");
  while (session_.use_count() > 1) std::this_thread::yield();
  EXPECT_LT(Clock::now() - begun, 2s) << "its thread does not wait for the flood";
}

TEST_F(OwnAgentSessionTest, NoThreadIsAnErrorAndNoSession) {
  limit_threads(0);
  say(Hello{protocol::version, "build"});
  const auto session = OwnAgentSession::begin(std::move(port_), "build", soon());
  limit_threads(std::numeric_limits<std::size_t>::max());
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().kind, Failure::busy);
}

}  // namespace
}  // namespace vmms::guest
