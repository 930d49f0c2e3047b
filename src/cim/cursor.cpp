#include "cim/cursor.hpp"

#include "base/text.hpp"
#include "cim/namespace.hpp"

#include <algorithm>

namespace vmms::cim {

namespace {
// A page large enough that guests are not asked for each item, small enough that many cursors can hold one.
constexpr std::size_t smallest_page = 64;
constexpr std::size_t largest_page = 1024;
}  // namespace

Cursor::Cursor(std::vector<Provider*> providers, std::vector<KeyBinding> keys, std::vector<std::string> wanted)
    : providers_(std::move(providers)), keys_(std::move(keys)), wanted_(std::move(wanted)) {
  for (const KeyBinding& key : keys_)
    if (equals_no_case(key.name, "CreationClassName"))
      std::erase_if(providers_,
                    [&](const Provider* provider) { return !equals_no_case(provider->cim_class().name, key.value); });
}

bool Cursor::waits() const {
  return std::any_of(providers_.begin() + static_cast<std::ptrdiff_t>(present_), providers_.end(),
                     [](const Provider* provider) { return provider->cim_class().waits; });
}

void Cursor::fetch(const Context& context, std::size_t most, std::vector<Error>& failures) {
  Provider& provider = *providers_[present_];
  if (!query_) query_ = make_query(provider.cim_class(), keys_, wanted_);
  query_->limit = std::clamp(most + 1, smallest_page, largest_page);
  const std::size_t before = page_.size();
  try {
    Page page{page_, failures};
    provider.enumerate(context, *query_, page);
    if (page.more && page_.size() > before) {
      const Instance& last = page_.back();
      std::vector<std::string> after;
      for (const std::uint16_t key : last.cim_class().keys) after.push_back(to_text(last.values[key]));
      query_->after = std::move(after);
      return;
    }
  } catch (...) {
    page_.truncate(before);  // the page will be read again
    throw;
  }
  query_.reset();
  ++present_;
}

}  // namespace vmms::cim
