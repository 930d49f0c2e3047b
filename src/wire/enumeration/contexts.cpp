#include "wire/enumeration/contexts.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace vmms::wire::enumeration {

Contexts::Contexts(ContextLimits limits, std::function<Clock::time_point()> now, std::shared_ptr<ContextStore> store)
    : limits_(limits), now_(std::move(now)), store_(store ? std::move(store) : std::make_shared<ContextStore>()) {}

Contexts::~Contexts() {
  const std::lock_guard lock(store_->mutex);
  std::erase_if(store_->contexts, [this](const auto& entry) { return entry.second->home == this; });
}

bool Contexts::expired(const Context& context) const {
  const auto now = now_();
  return !context.taken && (now >= context.expires || now - context.last_use >= context.idle);
}

bool Contexts::make_room(const std::string& owner) {
  auto oldest = store_->contexts.end();
  for (auto each = store_->contexts.begin(); each != store_->contexts.end(); ++each) {
    const Context& context = *each->second;
    if (context.owner == owner && !context.taken &&
        (oldest == store_->contexts.end() || context.last_use < oldest->second->last_use))
      oldest = each;
  }
  if (oldest == store_->contexts.end()) return false;
  spdlog::debug("wire: the enumeration of {} that {} left longest makes room for another", oldest->second->what, owner);
  store_->contexts.erase(oldest);
  return true;
}

Result<ContextPtr> Contexts::open(std::unique_ptr<Context> context, Lifetime lifetime) {
  const std::lock_guard lock(store_->mutex);
  std::erase_if(store_->contexts, [&](const auto& entry) { return expired(*entry.second); });
  auto charged = charge(context->account, Ledger::Item::context);
  while (!charged && make_room(context->owner)) charged = charge(context->account, Ledger::Item::context);
  if (!charged) return charged.error();
  context->home = this;
  context->charge = std::move(*charged);
  context->id = "uuid:" + random_guid();
  context->last_use = now_();
  context->expires = lifetime.total ? context->last_use + *lifetime.total : Clock::time_point::max();
  context->idle = std::min(lifetime.idle.value_or(limits_.idle), limits_.idle);
  context->taken = true;
  ContextPtr shared = std::move(context);
  store_->contexts[shared->id] = shared;
  return shared;
}

Result<ContextPtr> Contexts::find(std::string_view id, std::string_view user) const {
  const auto found = store_->contexts.find(std::string(id));
  if (found == store_->contexts.end() || found->second->home != this || found->second->owner != user ||
      found->second->ended || expired(*found->second))
    return error(Failure::not_found,
                 "There is no such enumeration context: it has ended, expired, or belongs to another user.");
  return found->second;
}

Result<ContextPtr> Contexts::take(std::string_view id, std::string_view user) {
  const std::lock_guard lock(store_->mutex);
  auto context = find(id, user);
  if (!context) return context;
  if ((*context)->taken)
    return error(Failure::invalid_state, "Another Pull of this enumeration is still being answered.");
  (*context)->taken = true;
  return context;
}

void Contexts::give_back(const ContextPtr& context, bool ended) {
  const std::lock_guard lock(store_->mutex);
  context->taken = false;
  context->ended = ended;
  context->last_use = now_();
}

void Contexts::finish(const ContextPtr& context, bool delivered, std::vector<cim::Instance> sent) {
  const std::lock_guard lock(store_->mutex);
  if (delivered) {
    if (context->ended) store_->contexts.erase(context->id);
    return;
  }
  if (context->taken) {
    spdlog::warn("wire: an answer came too late and the next Pull is under way: {} items are lost", sent.size());
    return;
  }
  context->ended = false;
  cim::InstanceBuffer pending;
  pending.reserve(sent.size() + context->pending.size());
  for (cim::Instance& instance : sent) pending.push_back(std::move(instance));
  for (cim::Instance& instance : context->pending.items()) pending.push_back(std::move(instance));
  context->pending = std::move(pending);
}

Status Contexts::release(std::string_view id, std::string_view user) {
  const std::lock_guard lock(store_->mutex);
  const auto context = find(id, user);
  if (!context) return context.error();
  store_->contexts.erase((*context)->id);  // a Pull under way keeps its own hold
  return {};
}

void Contexts::forget(const ContextPtr& context) noexcept {
  const std::lock_guard lock(store_->mutex);
  store_->contexts.erase(context->id);
}

Status Contexts::renew(std::string_view id, std::string_view user, std::optional<Clock::duration> lifetime) {
  const std::lock_guard lock(store_->mutex);
  const auto context = find(id, user);
  if (!context) return context.error();
  (*context)->last_use = now_();
  (*context)->expires = lifetime ? now_() + *lifetime : Clock::time_point::max();
  return {};
}

Result<std::optional<Contexts::Clock::duration>> Contexts::remaining(std::string_view id, std::string_view user) const {
  const std::lock_guard lock(store_->mutex);
  const auto context = find(id, user);
  if (!context) return context.error();
  if ((*context)->expires == Clock::time_point::max()) return std::optional<Clock::duration>();
  return std::optional<Clock::duration>(std::max((*context)->expires - now_(), Clock::duration::zero()));
}

std::size_t Contexts::size() const {
  const std::lock_guard lock(store_->mutex);
  return store_->contexts.size();
}

}  // namespace vmms::wire::enumeration
