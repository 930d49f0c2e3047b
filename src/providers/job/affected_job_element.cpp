// Msvm_AffectedJobElement: a job and the element that it changes.
#include "schema/msvm/affected_job_element.hpp"

#include "base/text.hpp"
#include "providers/common/machines.hpp"

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
    constexpr std::size_t batch = 256;
    Found found;
    std::string after;
    for (auto jobs = environment_.jobs.list(after, batch); !jobs.empty(); jobs = environment_.jobs.list(after, batch)) {
      for (const Job& job : jobs) {
        const auto affected = cim::ObjectPath::parse(job.affected);
        if (affected && cim::same_object(*affected, end)) add(job, found);
      }
      after = jobs.back().id;
    }
    return found;
  }

 private:
  static void add(const Job& job, Found& found) {
    auto affected = cim::ObjectPath::parse(job.affected);
    if (!affected) return;
    AffectedJobElement association;
    association.affected_element = *std::move(affected);
    association.affecting_element = job_path(job);
    association.element_effects = {{0}};  // unknown, as real hosts say of a machine
    found.push_back(std::move(association));
  }

  Environment& environment_;
};

}  // namespace

}  // namespace vmms::providers

namespace vmms::schema::msvm {
std::unique_ptr<AffectedJobElementProvider> make_affected_job_element_provider(
    ::vmms::providers::Environment& environment) {
  return std::make_unique<::vmms::providers::AffectedJobElementProvider>(environment);
}
}  // namespace vmms::schema::msvm
