// Msvm_ConcreteJob: work that outlasts its call.
#include "providers/common/state_change.hpp"
#include "providers/job/job_provider.hpp"
#include "schema/Msvm_ConcreteJob.hpp"

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
    using Code = RequestStateChange::Code;
    out.return_value =
        limits_time(in.timeout_period) ? Code::use_of_timeout_parameter_not_supported : Code::not_supported;
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

template <>
std::unique_ptr<schema::msvm::ConcreteJobProvider> make_provider(Environment& environment) {
  return std::make_unique<ConcreteJobProvider>(environment);
}

}  // namespace vmms::providers
