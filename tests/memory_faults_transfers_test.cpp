// Files through the client's connection with a memory that ends at any point: a call fails, or not; the transfer can be
// ended, its job ends, its place is free for the next one, and no file comes to its name that is not whole.
#include "base/base64.hpp"
#include "base/content_hash.hpp"
#include "base/worker_pool.hpp"
#include "memory_faults_fixture.hpp"

#include <algorithm>
#include <thread>

namespace vmms::testing {
namespace {

using namespace std::chrono_literals;

/// The copies run in a pool, whose threads have no memory either.
class MemoryFaultsTransfers : public MemoryFaults {
 protected:
  MemoryFaultsTransfers() {
    jobs_->run_lengthy_on([this](const AccountPtr& account, std::string_view key, std::function<void()> task) {
      return pool_.submit(account, key, std::move(task));
    });
  }
  ~MemoryFaultsTransfers() override { EXPECT_TRUE(pool_.stop(20s)); }

  static std::string argument(std::string_view name, std::string_view value) {
    return fmt::format("<p:{0}>{1}</p:{0}>", name, value);
  }

  /// A method of alpha's file service; what came of it is kept.
  bool call(std::string_view method, const std::string& inputs) {
    http::Request request;
    {
      const Exempt exempt;
      request = invoke("Vmms_GuestFileService",
                       {{"CreationClassName", "Vmms_GuestFileService"},
                        {"Name", "vmmsguestfilesvc"},
                        {"SystemCreationClassName", "Msvm_ComputerSystem"},
                        {"SystemName", id("alpha")}},
                       method, inputs);
    }
    const auto outcome = run(wsman_, request);
    const Exempt exempt;
    expect_an_outcome(*outcome);
    body_ = outcome->answers > 0 ? outcome->response.body : std::string();
    return outcome->answers > 0 && outcome->response.status == 200;
  }

  std::string answered(std::string_view name) const {
    const std::string begin = fmt::format("<p:{}>", name);
    const std::size_t at = body_.find(begin);
    if (at == std::string::npos) return {};
    return body_.substr(at + begin.size(), body_.find("</", at) - at - begin.size());
  }

  bool open(std::string_view direction, const std::string& path, std::size_t size) {
    std::string inputs;
    {
      const Exempt exempt;
      inputs = argument("Direction", direction) + argument("Path", path) + argument("Size", std::to_string(size)) +
               argument("Overwrite", "true");
    }
    const bool opened = call("OpenTransfer", inputs);
    const Exempt exempt;
    transfer_ = opened ? answered("Transfer") : std::string();
    return opened;
  }

  bool of_transfer(std::string_view method, const std::string& more = {}) {
    std::string inputs;
    {
      const Exempt exempt;
      inputs = argument("Transfer", transfer_) + more;
    }
    return call(method, inputs);
  }

  /// A file goes to the guest; whether all was answered well.
  bool put(const std::string& content) {
    std::string write;
    std::string commit;
    {
      const Exempt exempt;
      write = argument("Offset", "0") + argument("Data", encode_base64(content));
      commit = argument("Size", std::to_string(content.size())) + argument("SHA256", sha256(content));
    }
    return open("1", "/tmp/file", content.size()) && of_transfer("Write", write) &&
           of_transfer("CommitTransfer", commit);
  }

  /// It comes back; what it holds is kept.
  bool get() {
    std::string read;
    {
      const Exempt exempt;
      content_.clear();
      read = argument("Offset", "0") + argument("Length", "1000");
    }
    if (!open("2", "/tmp/file", 0) || !of_transfer("Read", read)) return false;
    std::string commit;
    {
      const Exempt exempt;
      content_ = decode_base64(answered("Data")).value_or("");
      commit = argument("Size", std::to_string(content_.size())) + argument("SHA256", sha256(content_));
    }
    return of_transfer("CommitTransfer", commit);
  }

  static std::string sha256(std::string_view content) {
    ContentHash hash(HashAlgorithm::sha256);
    hash.add(content);
    return hash.finish().substr(std::string_view("sha256:").size());
  }

  /// What any client does to what it does not need: ends the transfer, and the jobs that it knows.
  void clean() {
    if (!transfer_.empty()) of_transfer("AbortTransfer");
    const auto until = std::chrono::steady_clock::now() + 30s;
    for (;;) {
      bool all_ended = true;
      for (const auto& job : jobs_->list("", 10'000)) {
        if (cim::job::is_final(job.state)) continue;
        all_ended = false;
        jobs_->cancel(job.id, cim::job::State::terminated).has_value();
      }
      if (all_ended) return;
      ASSERT_LT(std::chrono::steady_clock::now(), until) << "a job that never ends";
      std::this_thread::sleep_for(1ms);
    }
  }

  /// As for_every_fault, but on threads whose allocations come in another order each time, so that the count varies:
  /// some hundreds of them, close together at first.
  void for_many_faults(const std::function<void()>& operate, const std::function<void()>& check) {
    operate();
    check();
    std::size_t unfailing = 0;
    for (std::size_t n = 1; unfailing < 3; n += 1 + n / 60) {
      for (const bool lasting : {false, true}) {
        SCOPED_TRACE(fmt::format("allocation {} fails{}", n, lasting ? ", and all later ones" : ""));
        MemoryFault fault(n, lasting);
        operate();
        fault.end();
        const bool reached = fault.failed() > 0;
        check();
        if (HasFatalFailure() || HasNonfatalFailure()) return;
        if (!lasting) unfailing = reached ? 0 : unfailing + 1;
        if (!reached) break;
      }
    }
  }

  WorkerPool pool_;
  std::string body_;
  std::string transfer_;
  std::string content_;
};

TEST_F(MemoryFaultsTransfers, ToTheGuest) {
  const std::string before = "what is there already";
  const std::string after = "what comes";
  ASSERT_TRUE(put(before)) << body_;
  bool done = false;
  for_many_faults([&] { done = put(after); },
                  [&] {
                    clean();
                    ASSERT_TRUE(get()) << body_;
                    ASSERT_TRUE(content_ == after || (!done && content_ == before)) << content_;
                    ASSERT_TRUE(put(before)) << body_;
                    clean();
                  });
}

TEST_F(MemoryFaultsTransfers, FromTheGuest) {
  const std::string content = "what is there";
  ASSERT_TRUE(put(content)) << body_;
  bool done = false;
  for_many_faults([&] { done = get(); },
                  [&] {
                    if (done) {
                      ASSERT_EQ(content_, content);
                    }
                    clean();
                    ASSERT_TRUE(get()) << body_;
                    ASSERT_EQ(content_, content);
                    clean();
                  });
}

TEST_F(MemoryFaultsTransfers, Abort) {
  const std::string before = "what is there already";
  ASSERT_TRUE(put(before)) << body_;
  for_many_faults(
      [&] {
        if (!open("1", "/tmp/file", 100)) return;
        std::string write;
        {
          const Exempt exempt;
          write = argument("Offset", "0") + argument("Data", "QUFB");
        }
        of_transfer("Write", write);
        of_transfer("AbortTransfer");
      },
      [&] {
        clean();
        ASSERT_TRUE(get()) << body_;
        ASSERT_EQ(content_, before);
        clean();
      });
}

}  // namespace
}  // namespace vmms::testing
