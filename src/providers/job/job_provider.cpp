#include "providers/job/job_provider.hpp"

#include "providers/common/state_change.hpp"

namespace vmms::providers {

cim::InstancePtr job_error(const cim::job::Job& job) {
  schema::msvm::Error problem;
  problem.message = job.error_text;
  problem.message_id = std::to_string(job.error_code);
  problem.error_source = job.affected;
  problem.error_type = 4;          // software error
  problem.perceived_severity = 6;  // critical
  problem.probable_cause = 0;      // unknown
  problem.cim_status_code = 1;     // CIM_ERR_FAILED
  problem.owning_entity = "vmms";
  return std::make_shared<const cim::Instance>(cim::to_instance(problem));
}

Result<std::uint32_t> cancel_job(const Environment& environment, const std::string& id,
                                 std::optional<std::uint16_t> requested, const std::optional<cim::DateTime>& timeout) {
  constexpr std::uint16_t terminate = 4;
  constexpr std::uint16_t kill = 5;
  if (limits_time(timeout)) return timeout_parameter_not_supported;
  if (requested != terminate && requested != kill) return cim::job::error_code(Failure::invalid_argument);
  const Status cancelled =
      environment.jobs.cancel(id, requested == terminate ? cim::job::State::terminated : cim::job::State::killed);
  if (cancelled) return 0U;
  if (cancelled.error().kind == Failure::not_found) return cancelled.error();
  return cim::job::error_code(cancelled.error().kind);
}

}  // namespace vmms::providers
