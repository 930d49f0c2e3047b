// What the jobs of copies in both directions have in common.
#pragma once

#include "providers/files/file_copies.hpp"
#include "providers/job/job_provider.hpp"

#include <vector>

namespace vmms::providers {

/// The settings that a job was started with, as instances of `Setting`.
template <class Setting>
std::vector<cim::InstancePtr> settings_of(const cim::job::Job& job) {
  std::vector<cim::InstancePtr> instances;
  for (CopySetting& each : CopyDetail::from_text(job.detail).settings) {
    Setting setting;
    setting.source_path = std::move(each.source);
    setting.destination_path = std::move(each.destination);
    setting.overwrite_existing = each.overwrite;
    setting.create_full_path = each.create_path;
    instances.push_back(std::make_shared<const cim::Instance>(cim::to_instance(std::move(setting))));
  }
  return instances;
}

template <class T, class Base>
class CopyJobProvider : public JobProvider<T, Base> {
 public:
  using Key = typename T::Key;
  using JobProvider<T, Base>::JobProvider;
  using JobProvider<T, Base>::invoke;

  Result<typename T::RequestStateChange::Out> invoke(const cim::Context&, typename T::RequestStateChange,
                                                     const Key& key,
                                                     const typename T::RequestStateChange::In& in) override {
    using Code = typename T::RequestStateChange::Code;
    using RequestedState = typename T::RequestStateChange::RequestedState;
    const auto job = this->find(key);
    if (!job) return job.error();
    const bool terminates = in.requested_state == RequestedState::terminate;
    typename T::RequestStateChange::Out out;
    if (limits_time(in.timeout_period)) {
      out.return_value = Code::use_of_timeout_parameter_not_supported;
    } else if (!terminates && in.requested_state != RequestedState::kill) {
      out.return_value = Code::invalid_parameter;
    } else if (const Status cancelled = this->environment_.jobs.cancel(
                   job->id, terminates ? cim::job::State::terminated : cim::job::State::killed);
               !cancelled) {
      if (cancelled.error().kind == Failure::not_found) return cancelled.error();
      out.return_value = Code{cim::job::error_code(cancelled.error().kind)};
    }
    return out;
  }

 protected:
  T instance_of(const cim::job::Job& job) const override {
    T instance = JobProvider<T, Base>::instance_of(job);
    instance.virtual_system_name = CopyDetail::from_text(job.detail).machine_name;
    return instance;
  }
};

}  // namespace vmms::providers
