// Jobs as instances: what the classes derived from CIM_ConcreteJob have in common.
#pragma once

#include "cim/typed.hpp"
#include "cim/typed_provider.hpp"
#include "providers/common/machines.hpp"
#include "providers/job/job_pages.hpp"
#include "schema/Msvm_Error.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace vmms::providers {

inline std::string_view class_of(const cim::job::Job& job) {
  return job.class_name.empty() ? std::string_view("Msvm_ConcreteJob") : std::string_view(job.class_name);
}

cim::InstancePtr job_error(const cim::job::Job& job);

/// As hosts name users: DOMAIN\\user, where the domain of local ones is the host.
inline std::string shown_owner(const std::string& owner, const std::string& host) {
  const std::string local = std::string(cim::local_realm) + '\\';
  return owner.starts_with(local) ? host + '\\' + owner.substr(local.size()) : owner;
}

/// Fills what all classes of jobs have.
template <class T>
T job_instance(const cim::job::Job& job, const std::string& host) {
  using cim::job::State;
  using OperationalStatus = typename T::OperationalStatus;
  T instance;
  instance.instance_id = job.id;
  instance.name = job.id;
  instance.caption = instance.element_name = instance.description = job.caption;
  instance.owner = shown_owner(job.owner, host);
  instance.job_state = static_cast<typename T::JobState>(job.state);
  instance.percent_complete = job.percent;
  instance.cancellable = job.cancellable;
  instance.error_code = job.error_code;
  instance.error_description = instance.error_summary_description = job.error_text;
  instance.job_run_times = 1;
  instance.time_submitted = instance.start_time = cim::DateTime::timestamp(job.submitted);
  instance.time_of_last_state_change = cim::DateTime::timestamp(job.changed);
  const auto until = cim::job::is_final(job.state) ? job.changed : cim::DateTime::now().time();
  instance.elapsed_time = cim::DateTime::interval(std::max(cim::DateTime::Microseconds(0), until - job.submitted));
  switch (job.state) {
    case State::completed:
      instance.operational_status = {{OperationalStatus::completed, OperationalStatus::ok}};
      instance.status_descriptions = {{"Job has completed successfully", "OK"}};
      instance.job_status = "Job is completed";
      break;
    case State::exception:
      instance.operational_status = {{OperationalStatus::error}};
      instance.status_descriptions = {{job.error_text}};
      instance.job_status = "Job failed";
      instance.health_state = T::HealthState::major_failure;
      instance.status = "Error";
      break;
    case State::terminated:
    case State::killed:
      instance.operational_status = {{OperationalStatus::aborted}};
      instance.status_descriptions = {{"Job was cancelled"}};
      instance.job_status = "Job was cancelled";
      break;
    case State::shutting_down:
      instance.operational_status = {{OperationalStatus::stopping}};
      instance.status_descriptions = {{"Job is being cancelled"}};
      instance.job_status = "Job is being cancelled";
      break;
    default:
      instance.operational_status = {{OperationalStatus::ok}};
      instance.status_descriptions = {{"Job is running"}};
      instance.job_status = "Job is running";
  }
  return instance;
}

/// Provider of one class of jobs. `Base` is what cimgen wrote for `T`.
template <class T, class Base>
class JobProvider : public Base {
 public:
  using Key = typename T::Key;
  explicit JobProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<T>& query, cim::PageOf<T>& page) override {
    if (query.keys.instance_id) {
      if (const auto job = environment_.jobs.find(*query.keys.instance_id); job && is_mine(*job))
        page.add(instance_of(*job));
      return;
    }
    for_each_job(environment_.jobs, query.after ? query.after->instance_id : std::string(),
                 [&](const cim::job::Job& job) {
                   if (!is_mine(job)) return true;
                   if (page.full()) return false;
                   page.add(instance_of(job));
                   return true;
                 });
  }

  Result<T> get(const cim::Context&, const Key& key) override {
    const auto job = find(key);
    if (!job) return job.error();
    return instance_of(*job);
  }

  Result<typename T::GetErrorEx::Out> invoke(const cim::Context&, typename T::GetErrorEx, const Key& key,
                                             const typename T::GetErrorEx::In&) override {
    const auto job = find(key);
    if (!job) return job.error();
    typename T::GetErrorEx::Out out;
    if (job->error_code != 0) out.errors.emplace().push_back(job_error(*job));
    return out;
  }
  Result<typename T::GetError::Out> invoke(const cim::Context&, typename T::GetError, const Key& key,
                                           const typename T::GetError::In&) override {
    const auto job = find(key);
    if (!job) return job.error();
    typename T::GetError::Out out;
    if (job->error_code != 0) out.error = job_error(*job);
    return out;
  }

 protected:
  Result<cim::job::Job> find(const Key& key) const {
    auto job = environment_.jobs.find(key.instance_id);
    if (job && is_mine(*job)) return *std::move(job);
    return error(Failure::not_found,
                 fmt::format("there is no job {:.100}; jobs can be read for {} minutes after their end",
                             key.instance_id, cim::job::kept_after_end.count()));
  }
  virtual T instance_of(const cim::job::Job& job) const {
    return job_instance<T>(job, environment_.host.machine().information()->name);
  }

  Environment& environment_;

 private:
  static bool is_mine(const cim::job::Job& job) { return class_of(job) == T::cim_class().name; }
};

}  // namespace vmms::providers
