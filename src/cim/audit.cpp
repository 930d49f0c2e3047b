#include "cim/audit.hpp"

#include <exception>

namespace vmms::cim {

Audited::~Audited() {
  if (!auditor_) return;
  try {
    const Error error{Failure::internal, "an exception ended it"};
    event_.error = &error;
    tell();
  } catch (const std::exception&) {  // no memory for a record, and no way to report that
  }
}

void Audited::tell() {
  event_.duration = std::chrono::steady_clock::now() - begun_;
  Auditor* const auditor = auditor_;
  auditor_ = nullptr;
  auditor->record(event_);
}

}  // namespace vmms::cim
