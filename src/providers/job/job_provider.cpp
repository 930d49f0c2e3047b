#include "providers/job/job_provider.hpp"

namespace vmms::providers {

cim::InstancePtr job_error(const cim::job::Job& job) {
  using schema::msvm::Error;
  Error problem;
  problem.message = job.error_text;
  problem.message_id = std::to_string(job.error_code);
  problem.error_source = job.affected;
  problem.error_type = Error::ErrorType::software_error;
  problem.perceived_severity = Error::PerceivedSeverity::critical;
  problem.probable_cause = Error::ProbableCause::unknown;
  problem.cim_status_code = Error::CIMStatusCode::cim_err_failed;
  problem.owning_entity = "vmms";
  return std::make_shared<const cim::Instance>(cim::to_instance(problem));
}

}  // namespace vmms::providers
