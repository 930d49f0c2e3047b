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
    const auto job = this->find(key);
    if (!job) return job.error();
    return answer<typename T::RequestStateChange::Out>(
        cancel_job(this->environment_, job->id, in.requested_state, in.timeout_period));
  }

 protected:
  T instance_of(const cim::job::Job& job) const override {
    T instance = JobProvider<T, Base>::instance_of(job);
    instance.virtual_system_name = CopyDetail::from_text(job.detail).machine_name;
    return instance;
  }
};

}  // namespace vmms::providers
