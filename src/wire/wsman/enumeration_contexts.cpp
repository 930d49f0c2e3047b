#include "wire/wsman/enumeration_contexts.hpp"

#include "base/text.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>

namespace vmms::wire::wsman {

EnumerationContexts::EnumerationContexts(ContextLimits limits, std::function<Clock::time_point()> now)
    : limits_(limits), now_(std::move(now)) {}

bool EnumerationContexts::expired(const EnumerationContext& context) const {
  const auto now = now_();
  return !context.taken && (now >= context.expires || now - context.last_use >= limits_.idle);
}

OrFault<EnumerationContexts::ContextPtr> EnumerationContexts::open(std::unique_ptr<EnumerationContext> context,
                                                                   std::optional<Clock::duration> lifetime) {
  const std::lock_guard lock(mutex_);
  std::erase_if(contexts_, [&](const auto& entry) { return expired(*entry.second); });
  if (contexts_.size() >= limits_.total)
    return fault(Condition::busy, fmt::format("{} enumerations are open; try again later", contexts_.size()));
  const auto own = std::count_if(contexts_.begin(), contexts_.end(),
                                 [&](const auto& entry) { return entry.second->owner == context->owner; });
  if (static_cast<std::size_t>(own) >= limits_.per_user)
    return fault(Condition::busy,
                 fmt::format("{} enumerations of this user are open; pull them to their end or release them", own));
  context->id = "uuid:" + random_guid();
  context->last_use = now_();
  context->expires = lifetime ? context->last_use + *lifetime : Clock::time_point::max();
  context->taken = true;
  ContextPtr shared = std::move(context);
  contexts_[shared->id] = shared;
  return shared;
}

OrFault<EnumerationContexts::ContextPtr> EnumerationContexts::find(std::string_view id, std::string_view user) const {
  const auto found = contexts_.find(std::string(id));
  if (found == contexts_.end() || found->second->owner != user || found->second->ended || expired(*found->second))
    return fault(Condition::invalid_context, {});
  return found->second;
}

OrFault<EnumerationContexts::ContextPtr> EnumerationContexts::take(std::string_view id, std::string_view user) {
  const std::lock_guard lock(mutex_);
  auto context = find(id, user);
  if (!context) return context;
  if ((*context)->taken) return fault(Condition::concurrency, {});
  (*context)->taken = true;
  return context;
}

void EnumerationContexts::give_back(const ContextPtr& context, bool ended) {
  const std::lock_guard lock(mutex_);
  context->taken = false;
  context->ended = ended;
  context->last_use = now_();
}

void EnumerationContexts::finish(const ContextPtr& context, bool delivered, std::vector<cim::Instance> sent) {
  const std::lock_guard lock(mutex_);
  if (delivered) {
    if (context->ended) contexts_.erase(context->id);
    return;
  }
  if (context->taken) {
    spdlog::warn("wsman: an answer came too late and the next Pull is under way: {} items are lost", sent.size());
    return;
  }
  context->ended = false;
  context->pending.insert(context->pending.begin(), std::make_move_iterator(sent.begin()),
                          std::make_move_iterator(sent.end()));
}

OrFault<void> EnumerationContexts::release(std::string_view id, std::string_view user) {
  const std::lock_guard lock(mutex_);
  auto context = find(id, user);
  if (!context) return context.error();
  contexts_.erase((*context)->id);  // a Pull under way keeps its own hold
  return {};
}

std::size_t EnumerationContexts::size() const {
  const std::lock_guard lock(mutex_);
  return contexts_.size();
}

}  // namespace vmms::wire::wsman
