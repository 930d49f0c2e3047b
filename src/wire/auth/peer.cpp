#include "wire/auth/peer.hpp"

#include <fmt/core.h>
#include <pwd.h>

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vmms::wire::auth {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto remember = std::chrono::minutes(1);
constexpr std::size_t most_remembered = 1024;

std::string look_up(uid_t id) {
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found) return found->pw_name;
  return fmt::format("uid {}", id);
}

http::Verdict somebody(std::string user) { return {.user = std::move(user), .mechanism = "peer"}; }

}  // namespace

struct Peer::Names {
  std::optional<std::string> find(uid_t id) {
    const std::scoped_lock lock(mutex);
    const auto found = names.find(id);
    if (found == names.end() || found->second.second <= Clock::now()) return std::nullopt;
    return found->second.first;
  }
  void put(uid_t id, const std::string& name) {
    const std::scoped_lock lock(mutex);
    if (names.size() >= most_remembered) names.clear();
    names[id] = {name, Clock::now() + remember};
  }

  std::mutex mutex;
  std::map<uid_t, std::pair<std::string, Clock::time_point>> names;
};

Peer::Peer(http::Authenticator& others, WorkerPool& pool)
    : others_(others), pool_(pool), names_(std::make_shared<Names>()) {}

Peer::~Peer() = default;

void Peer::authenticate(const http::Request& request, http::ConnectionState& state, http::Verified verified) {
  if (!request.peer_user_id) return others_.authenticate(request, state, std::move(verified));
  const uid_t id = *request.peer_user_id;
  if (auto name = names_->find(id)) return verified(somebody(*std::move(name)));
  // Where accounts come from the network, a name may take its time.
  const Status submitted = pool_.submit({}, [names = names_, id, verified] {
    const std::string name = look_up(id);
    names->put(id, name);
    verified(somebody(name));
  });
  if (!submitted)
    verified({.refusal = http::Response{.status = 503,
                                        .content_type = "text/plain; charset=utf-8",
                                        .body = submitted.error().message + "\n",
                                        .headers = {{"Retry-After", "1"}}}});
}

}  // namespace vmms::wire::auth
