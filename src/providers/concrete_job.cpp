// Msvm_ConcreteJob: work that outlasts its call.
#include "schema/msvm/concrete_job.hpp"

#include "base/text.hpp"
#include "cim/typed.hpp"
#include "providers/machines.hpp"
#include "schema/msvm/error.hpp"

namespace vmms::providers {

namespace {

using cim::job::Job;
using cim::job::State;
using schema::msvm::ConcreteJob;

ConcreteJob instance_of(const Job& job, const std::string& host) {
  ConcreteJob instance;
  const bool ended = cim::job::is_final(job.state);
  instance.instance_id = job.id;
  instance.name = job.id;
  instance.caption = instance.element_name = instance.description = job.caption;
  // As hosts name users: DOMAIN\\user, the domain of local ones being the host.
  instance.owner = host + "\\" + job.owner;
  instance.job_state = static_cast<std::uint16_t>(job.state);
  instance.percent_complete = job.percent;
  instance.cancellable = false;
  instance.error_code = job.error_code;
  instance.error_description = instance.error_summary_description = job.error_text;
  instance.job_run_times = 1;
  instance.time_submitted = instance.start_time = cim::DateTime::timestamp(job.submitted);
  instance.time_of_last_state_change = cim::DateTime::timestamp(job.changed);
  const auto until = ended ? job.changed : cim::DateTime::now().time();
  instance.elapsed_time = cim::DateTime::interval(std::max(cim::DateTime::Microseconds(0), until - job.submitted));
  if (job.state == State::completed) {
    instance.operational_status = {{17, 2}};
    instance.status_descriptions = {{"Job has completed successfully", "OK"}};
    instance.job_status = "Job is completed";
  } else if (job.state == State::exception) {
    instance.operational_status = {{6}};
    instance.status_descriptions = {{job.error_text}};
    instance.job_status = "Job failed";
    instance.health_state = 20;
    instance.status = "Error";
  } else {
    instance.operational_status = {{2}};
    instance.status_descriptions = {{"Job is running"}};
    instance.job_status = "Job is running";
  }
  return instance;
}

cim::InstancePtr error_instance(const Job& job) {
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

class Provider : public schema::msvm::ConcreteJobProvider {
 public:
  explicit Provider(Environment& environment) : environment_(environment) {}

  cim::PageOf<ConcreteJob> enumerate(const cim::Context&, const cim::TypedQuery<ConcreteJob>& query) override {
    cim::PageOf<ConcreteJob> page;
    if (query.keys.instance_id) {
      if (const auto job = environment_.jobs.find(*query.keys.instance_id))
        page.items.push_back(instance_of(*job, environment_.host.information().name));
      return page;
    }
    auto jobs = environment_.jobs.list(query.after ? query.after->instance_id : std::string(), query.limit + 1);
    page.more = jobs.size() > query.limit;
    if (page.more) jobs.pop_back();
    for (const Job& job : jobs) page.items.push_back(instance_of(job, environment_.host.information().name));
    return page;
  }

  Result<ConcreteJob> get(const cim::Context&, const Key& key) override {
    const auto job = find(key);
    if (!job) return job.error();
    return instance_of(*job, environment_.host.information().name);
  }

  Result<GetErrorEx::Out> invoke(const cim::Context&, GetErrorEx, const Key& key, const GetErrorEx::In&) override {
    const auto job = find(key);
    if (!job) return job.error();
    GetErrorEx::Out out;
    out.return_value = 0;
    if (job->error_code != 0) out.errors.emplace().push_back(error_instance(*job));
    return out;
  }
  Result<GetError::Out> invoke(const cim::Context&, GetError, const Key& key, const GetError::In&) override {
    const auto job = find(key);
    if (!job) return job.error();
    GetError::Out out;
    out.return_value = 0;
    if (job->error_code != 0) out.error = error_instance(*job);
    return out;
  }
  // Starting and turning off a machine cannot be taken back, so no job can be changed.
  Result<RequestStateChange::Out> invoke(const cim::Context&, RequestStateChange, const Key& key,
                                         const RequestStateChange::In&) override {
    const auto job = find(key);
    if (!job) return job.error();
    RequestStateChange::Out out;
    out.return_value = 1;
    return out;
  }

 private:
  Result<Job> find(const Key& key) const {
    if (auto job = environment_.jobs.find(key.instance_id)) return *std::move(job);
    return error(Failure::not_found, fmt::format("there is no job {}; jobs can be read for {} minutes after their end",
                                                 key.instance_id, cim::job::kept_after_end.count()));
  }

  Environment& environment_;
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<ConcreteJobProvider> make_concrete_job_provider(::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::Provider>(environment);
}
}  // namespace vmms::schema::msvm
