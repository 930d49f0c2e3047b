// Msvm_AffectedJobElement: a job and the element that it changes.
#include "base/text.hpp"
#include "providers/common/machines.hpp"
#include "providers/job/job_pages.hpp"
#include "schema/Msvm_AffectedJobElement.hpp"

namespace vmms::providers {

namespace {

using cim::job::Job;
using schema::msvm::AffectedJobElement;
using Found = std::vector<AffectedJobElement>;

class AffectedJobElementProvider : public schema::msvm::AffectedJobElementProvider {
 public:
  explicit AffectedJobElementProvider(Environment& environment) : environment_(environment) {}

  Result<Found> from(const cim::Context&, AffectedJobElement::AffectingElement, const cim::ObjectPath& end) override {
    const auto job = environment_.jobs.find(end.value("InstanceID"));
    if (!job) return error(Failure::not_found, fmt::format("there is no job {}", end.value("InstanceID")));
    Found found;
    add(*job, found);
    return found;
  }

  Result<Found> from(const cim::Context&, AffectedJobElement::AffectedElement, const cim::ObjectPath& end) override {
    Found found;
    for_each_job(environment_.jobs, {}, [&](const Job& job) {
      const auto affected = cim::ObjectPath::parse(job.affected);
      if (affected && cim::same_object(*affected, end)) add(job, found);
      return true;
    });
    return found;
  }

 private:
  static void add(const Job& job, Found& found) {
    auto affected = cim::ObjectPath::parse(job.affected);
    if (!affected) return;
    AffectedJobElement association;
    association.affected_element = *std::move(affected);
    association.affecting_element = job_path(job);
    association.element_effects = {{AffectedJobElement::ElementEffects::unknown}};  // as real hosts say of a machine
    found.push_back(std::move(association));
  }

  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::AffectedJobElementProvider> make_provider(Environment& environment) {
  return std::make_unique<AffectedJobElementProvider>(environment);
}

}  // namespace vmms::providers
