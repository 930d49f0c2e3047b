// Signing in with a memory that ends at any point: no user is taken for another, our own failure is never the
// client's, and the next one is let in.
#include "memory_faults_fixture.hpp"
#include "wire/auth/authenticator.hpp"
#include "wire/auth/basic.hpp"
#include "wire/auth/password_file.hpp"

#include <condition_variable>
#include <cstdlib>
#include <filesystem>

namespace vmms::testing {
namespace {

using namespace std::chrono_literals;
namespace auth = wire::auth;

constexpr const char* right = "Basic YWxpY2U6c2VjcmV0";  // alice:secret
constexpr const char* wrong = "Basic YWxpY2U6d3Jvbmc=";  // alice:wrong
constexpr const char* unknown = "Basic bm9ib2R5OngK";    // nobody:x
constexpr const char* malformed = "Basic ///";
constexpr const char* other = "Basic Ym9iOnNlY3JldA==";  // bob:secret

/// The result of one sign-in: an answer, or that nothing is left that could send it.
class SignIn {
 public:
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [this] { return answers > 0 || given_up; });
  }
  void answer(http::Verdict given) {
    const std::scoped_lock lock(mutex_);
    ++answers;
    verdict = std::move(given);
    changed_.notify_all();
  }
  void give_up() {
    const std::scoped_lock lock(mutex_);
    given_up = true;
    changed_.notify_all();
  }

  int answers = 0;
  bool given_up = false;
  http::Verdict verdict;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Copied with the callback; when all copies are gone, no answer can come any more.
struct Ticket {
  explicit Ticket(std::shared_ptr<SignIn> of) : sign_in(std::move(of)) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() { sign_in->give_up(); }
  const std::shared_ptr<SignIn> sign_in;
};

class MemoryFaultsSignIn : public MemoryFaults {
 protected:
  MemoryFaultsSignIn() {
    std::string name = std::filesystem::temp_directory_path() / "vmms-faults-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    users_ = folder_ + "/users";
    set("alice", "secret");
    file_ = auth::PasswordFile::open(users_).value();
  }
  ~MemoryFaultsSignIn() override {
    authenticator_ = nullptr;
    std::filesystem::remove_all(folder_);
  }

  /// `remember`: how long a password needs no hash.
  void serve(std::chrono::milliseconds remember) {
    auth::Guard::Options guard;  // without a bound on guesses
    guard.address = guard.network = guard.user_at_address = guard.user = {1'000'000, 1s};
    authenticator_ =
        std::make_unique<auth::Authenticator>(std::vector<std::shared_ptr<auth::Scheme>>{std::make_shared<auth::Basic>(
                                                  file_, auth::Basic::Options{remember})},
                                              nullptr, guard);
  }

  void set(const std::string& user, const std::string& password) {
    const auto done = auth::set_user(users_, user, password, 1);  // cheap hashes
    ASSERT_TRUE(done) << done.error().message;
  }

  /// What is thrown ends the connection, as the network does it.
  std::shared_ptr<SignIn> sign_in(const char* authorization) {
    std::shared_ptr<SignIn> outcome;
    http::Request request;
    http::ConnectionState connection;
    http::Verified verified;
    {
      const Exempt exempt;
      outcome = std::make_shared<SignIn>();
      request.peer = "192.0.2.1:4711";
      request.headers.push_back({"Authorization", authorization});
      connection.address = "192.0.2.1";
      verified = [ticket = std::make_shared<Ticket>(outcome)](http::Verdict verdict) {
        ticket->sign_in->answer(std::move(verdict));
      };
    }
    try {
      authenticator_->authenticate(request, connection, std::move(verified));
    } catch (const std::exception&) {
    }
    const Exempt exempt;
    verified = nullptr;
    EXPECT_TRUE(outcome->wait()) << "nobody will ever answer";
    return outcome;
  }

  /// 0: let in as this user; else the status of the refusal. -1: no answer.
  static int status(const SignIn& outcome, std::string_view user = "alice") {
    EXPECT_LE(outcome.answers, 1);
    if (outcome.answers == 0) return -1;
    if (outcome.verdict.refusal) {
      EXPECT_TRUE(outcome.verdict.principal->is_nobody());
      return static_cast<int>(outcome.verdict.refusal->status);
    }
    EXPECT_EQ(outcome.verdict.principal->name, user);
    return 0;
  }

  /// `authorization` is answered with `usual`, or not now.
  void expect_as_ever(const char* authorization, int usual) {
    std::shared_ptr<SignIn> outcome;
    for_every_fault([] {}, [&] { outcome = sign_in(authorization); },
                    [&] {
                      const int answered = status(*outcome);
                      ASSERT_TRUE(answered == usual || answered == 503 || answered == -1) << answered;
                      ASSERT_EQ(status(*sign_in(authorization)), usual);
                      ASSERT_EQ(status(*sign_in(right)), 0);
                    });
  }

  std::string folder_;
  std::string users_;
  std::shared_ptr<auth::PasswordFile> file_;
  std::unique_ptr<auth::Authenticator> authenticator_;
};

TEST_F(MemoryFaultsSignIn, WithTheRightPassword) {
  serve(0ms);
  expect_as_ever(right, 0);
}

TEST_F(MemoryFaultsSignIn, WithAPasswordThatIsRemembered) {
  serve(std::chrono::hours(1));
  expect_as_ever(right, 0);
}

TEST_F(MemoryFaultsSignIn, WithAWrongPassword) {
  serve(0ms);
  expect_as_ever(wrong, 401);
}

TEST_F(MemoryFaultsSignIn, AsNobodyWhoIsKnown) {
  serve(0ms);
  expect_as_ever(unknown, 401);
}

TEST_F(MemoryFaultsSignIn, WithWhatIsNoPassword) {
  serve(0ms);
  expect_as_ever(malformed, 401);
  expect_as_ever("", 401);
  expect_as_ever("Negotiate YQ==", 401);
}

TEST_F(MemoryFaultsSignIn, WhenTheUsersHaveChanged) {
  serve(std::chrono::hours(1));
  std::shared_ptr<SignIn> outcome;
  bool is_there = false;
  for_every_fault(
      [&] {
        is_there = !is_there;
        if (is_there) {
          set("bob", "secret");
        } else {
          ASSERT_TRUE(auth::remove_user(users_, "bob"));
        }
      },
      [&] { outcome = sign_in(other); },
      [&] {
        const int usual = is_there ? 0 : 401;
        const int answered = status(*outcome, "bob");
        ASSERT_TRUE(answered == usual || answered == 503 || answered == -1) << answered;
        ASSERT_EQ(status(*sign_in(other), "bob"), usual) << "the users are those of before";
      });
}

}  // namespace
}  // namespace vmms::testing
