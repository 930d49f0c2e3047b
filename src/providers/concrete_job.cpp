// Msvm_ConcreteJob: work that outlasts its call.
#include "schema/msvm/concrete_job.hpp"

#include "providers/job_provider.hpp"

namespace vmms::providers {

namespace {

using schema::msvm::ConcreteJob;

class Provider : public JobProvider<ConcreteJob, schema::msvm::ConcreteJobProvider> {
 public:
  using JobProvider::invoke;
  using JobProvider::JobProvider;

  // Starting and turning off a machine cannot be taken back, so no job of this class can be changed.
  Result<RequestStateChange::Out> invoke(const cim::Context&, RequestStateChange, const Key& key,
                                         const RequestStateChange::In&) override {
    const auto job = find(key);
    if (!job) return job.error();
    RequestStateChange::Out out;
    out.return_value = 1;
    return out;
  }

 protected:
  // Clients poll whatever job they were given as one of this class.
  bool answers_for(const cim::job::Job&) const override { return true; }
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<ConcreteJobProvider> make_concrete_job_provider(::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::Provider>(environment);
}
}  // namespace vmms::schema::msvm
