#include "wire/auth/peer.hpp"

#include <fmt/core.h>
#include <grp.h>
#include <pwd.h>

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace vmms::wire::auth {

namespace {

using Clock = std::chrono::steady_clock;
constexpr auto remember = std::chrono::minutes(1);
constexpr std::size_t most_remembered = 1024;
constexpr std::size_t most_groups = 1024;

/// The primary and the supplementary groups of a user; empty for one without a name.
std::vector<std::uint32_t> groups_of(const std::string& name, gid_t primary) {
  std::vector<gid_t> groups(most_groups);
  int number = static_cast<int>(groups.size());
  if (::getgrouplist(name.c_str(), primary, groups.data(), &number) < 0) number = static_cast<int>(groups.size());
  return {groups.begin(), groups.begin() + number};
}

cim::PrincipalPtr look_up(uid_t id, const std::string& address) {
  auto principal = std::make_shared<cim::Principal>();
  principal->realm = cim::local_realm;
  principal->mechanism = "peer";
  principal->address = address;
  principal->uid = id;
  std::vector<char> buffer(16 * 1024);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(id, &entry, buffer.data(), buffer.size(), &found) == 0 && found) {
    principal->name = found->pw_name;
    principal->groups = groups_of(principal->name, found->pw_gid);
  } else {
    principal->name = fmt::format("uid {}", id);
  }
  return principal;
}

}  // namespace

struct Peer::Names {
  cim::PrincipalPtr find(uid_t id) {
    const std::scoped_lock lock(mutex);
    const auto found = names.find(id);
    if (found == names.end() || found->second.second <= Clock::now()) return nullptr;
    return found->second.first;
  }
  void put(uid_t id, const cim::PrincipalPtr& principal) {
    const std::scoped_lock lock(mutex);
    if (names.size() >= most_remembered) names.clear();
    names[id] = {principal, Clock::now() + remember};
  }

  const cim::PrincipalPtr root = std::make_shared<const cim::Principal>(cim::Principal{
      .realm = cim::local_realm, .name = "root", .mechanism = "peer", .address = "user 0", .uid = 0, .groups = {0}});
  std::mutex mutex;
  std::map<uid_t, std::pair<cim::PrincipalPtr, Clock::time_point>> names;
};

Peer::Peer(http::Authenticator& others, WorkerPool& pool)
    : others_(others), pool_(pool), names_(std::make_shared<Names>()) {}

Peer::~Peer() = default;

void Peer::authenticate(const http::Request& request, http::ConnectionState& state, http::Verified verified) {
  if (!request.peer_user_id) return others_.authenticate(request, state, std::move(verified));
  const uid_t id = *request.peer_user_id;
  // Root waits neither for a free thread nor for the service that knows the names.
  if (id == 0) return verified({.principal = names_->root});
  if (auto principal = names_->find(id)) return verified({.principal = std::move(principal)});
  // Where accounts come from the network, a name may take its time.
  const Status submitted = pool_.submit({}, [names = names_, id, address = state.address, verified] {
    cim::PrincipalPtr principal = look_up(id, address);
    names->put(id, principal);
    verified({.principal = std::move(principal)});
  });
  if (!submitted)
    verified({.refusal = http::Response{.status = 503,
                                        .content_type = "text/plain; charset=utf-8",
                                        .body = submitted.error().message + "\n",
                                        .headers = {{"Retry-After", "1"}}}});
}

}  // namespace vmms::wire::auth
