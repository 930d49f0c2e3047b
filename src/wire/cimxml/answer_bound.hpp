// How large an answer may get while it is written.
#pragma once

#include "base/ledger.hpp"
#include "wire/cimxml/operation.hpp"
#include "wire/cimxml/status.hpp"

#include <cstddef>
#include <string>

namespace vmms::wire::cimxml {

/// An answer that is written item by item: it ends at its bound, and its user pays for it from the beginning, not only
/// when it is whole.
class AnswerBound {
 public:
  /// Bytes that are not charged until the answer is whole.
  static constexpr std::size_t free_bytes = std::size_t{64} * 1024;

  AnswerBound(const Operation& operation, const std::string& answer)
      : most_(operation.most_bytes), account_(operation.context.account), answer_(answer), start_(answer.size()) {}

  /// After each item. Errors: failed, server_limits_exceeded.
  OrError<void> check();

 private:
  const std::size_t most_;
  const AccountPtr account_;
  const std::string& answer_;
  const std::size_t start_;
  std::size_t paid_ = free_bytes;
  Charge charge_;
};

/// Changes `charged` to so many bytes of an answer.
Status pay_for_answer(Charge& charged, const AccountPtr& account, std::size_t bytes);

}  // namespace vmms::wire::cimxml
