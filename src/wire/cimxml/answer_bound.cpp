#include "wire/cimxml/answer_bound.hpp"

#include <fmt/format.h>

#include <utility>

namespace vmms::wire::cimxml {

Status pay_for_answer(Charge& charged, const AccountPtr& account, std::size_t bytes) {
  if (charged.account()) return charged.resize(bytes);
  auto made = charge(account, Ledger::Item::answer, bytes);
  if (!made) return made.error();
  charged = std::move(*made);
  return {};
}

OrError<void> AnswerBound::check() {
  constexpr std::size_t step = std::size_t{1} << 20;
  const std::size_t bytes = answer_.size() - start_;
  if (bytes > most_)
    return cim_error(Code::failed, fmt::format("the answer is larger than {} bytes; use the Open and Pull operations, "
                                               "or ask for fewer properties, or for less in one request",
                                               most_));
  if (bytes <= paid_) return {};
  if (const Status paid = pay_for_answer(charge_, account_, bytes + step); !paid) return to_cim_error(paid.error());
  paid_ = bytes + step;
  return {};
}

}  // namespace vmms::wire::cimxml
