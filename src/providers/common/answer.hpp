// A method's outputs from the return value of code that several methods share.
#pragma once

#include "base/result.hpp"

#include <utility>

namespace vmms::providers {

/// `Code` is the value map of the method that documents most; the others document the same numbers.
template <class Out, class Code>
Result<Out> answer(const Result<Code>& code, Out out = {}) {
  if (!code) return code.error();
  out.return_value = static_cast<decltype(out.return_value)>(*code);
  return out;
}

}  // namespace vmms::providers
