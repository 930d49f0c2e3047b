// Msvm_ConcreteJob: work that outlasts its call.
#include "schema/msvm/concrete_job.hpp"

#include "providers/common/state_change.hpp"
#include "providers/job/job_provider.hpp"

namespace vmms::providers {

namespace {

using schema::msvm::ConcreteJob;

class ConcreteJobProvider : public JobProvider<ConcreteJob, schema::msvm::ConcreteJobProvider> {
 public:
  using JobProvider::invoke;
  using JobProvider::JobProvider;

  // Starting and turning off a machine cannot be taken back, so no job of this class can be changed.
  Result<RequestStateChange::Out> invoke(const cim::Context&, RequestStateChange, const Key& key,
                                         const RequestStateChange::In& in) override {
    const auto job = find(key);
    if (!job) return job.error();
    RequestStateChange::Out out;
    out.return_value = limits_time(in.timeout_period) ? timeout_parameter_not_supported : not_supported;
    return out;
  }

  // Clients poll whatever job they were given as one of this class, and cancel it so.
  std::optional<std::string> other_class(const cim::ObjectPath& path) override {
    const auto job = environment_.jobs.find(path.value("InstanceID"));
    if (!job || job->class_name.empty()) return std::nullopt;
    return job->class_name;
  }
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<ConcreteJobProvider> make_concrete_job_provider(::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::ConcreteJobProvider>(environment);
}
}  // namespace vmms::schema::msvm
