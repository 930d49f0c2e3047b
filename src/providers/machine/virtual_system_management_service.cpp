// Msvm_VirtualSystemManagementService: the service through which virtual machines are configured.
#include "base/text.hpp"
#include "providers/integration/key_value_items.hpp"
#include "providers/integration/setting_changes.hpp"
#include "schema/Msvm_VirtualSystemManagementService.hpp"

namespace vmms::providers {

namespace {

using Service = schema::msvm::VirtualSystemManagementService;

class VirtualSystemManagementServiceProvider : public schema::msvm::VirtualSystemManagementServiceProvider {
 public:
  explicit VirtualSystemManagementServiceProvider(Environment& environment) : environment_(environment) {}

  void enumerate(const cim::Context&, const cim::TypedQuery<Service>& query, cim::PageOf<Service>& page) override {
    Service service;
    service.creation_class_name = std::string(Service::cim_class().name);
    service.system_creation_class_name = std::string(computer_system_class);
    service.system_name = environment_.host.machine().information()->name;
    service.name = "vmms";
    if (query.selects(service.key())) page.add(std::move(service));
  }

  Result<ModifyGuestServiceSettings::Out> invoke(const cim::Context& context, ModifyGuestServiceSettings, const Key&,
                                                 const ModifyGuestServiceSettings::In& in) override {
    ModifyGuestServiceSettings::Out out;
    const Status done =
        modify(context, in.guest_service_settings, out.return_value, out.job, out.resulting_guest_service_settings);
    if (!done) return done.error();
    return out;
  }

  Result<ModifyResourceSettings::Out> invoke(const cim::Context& context, ModifyResourceSettings, const Key&,
                                             const ModifyResourceSettings::In& in) override {
    ModifyResourceSettings::Out out;
    const Status done =
        modify(context, in.resource_settings, out.return_value, out.job, out.resulting_resource_settings);
    if (!done) return done.error();
    return out;
  }

  Result<AddGuestServiceSettings::Out> invoke(const cim::Context& context, AddGuestServiceSettings, const Key&,
                                              const AddGuestServiceSettings::In& in) override {
    AddGuestServiceSettings::Out out;
    std::string machine;
    if (in.affected_configuration) {
      machine = machine_of_instance_id(in.affected_configuration->value("InstanceID"));
      if (machine.empty())
        return error(Failure::invalid_argument,
                     "AffectedConfiguration does not name the settings of a virtual machine");
    }
    const Status done = change(
        context, in.guest_service_settings,
        [&](const cim::Instance& settings) { return check_addition(environment_, settings, machine); },
        out.return_value, out.job, out.resulting_guest_service_settings);
    if (!done) return done.error();
    return out;
  }

  Result<RemoveGuestServiceSettings::Out> invoke(const cim::Context& context, RemoveGuestServiceSettings, const Key&,
                                                 const RemoveGuestServiceSettings::In& in) override {
    RemoveGuestServiceSettings::Out out;
    Status done;
    std::vector<SettingChange> changes;
    if (!in.guest_service_settings || in.guest_service_settings->empty())
      done = error(Failure::invalid_argument, "there are no settings to remove");
    else
      for (const cim::ObjectPath& path : *in.guest_service_settings) {
        auto change = check_removal(environment_, path);
        if (!change) {
          done = change.error();
          break;
        }
        changes.push_back(*std::move(change));
      }
    if (done) done = apply_all(changes);
    if (const Status told = tell(context, done, out.return_value, out.job); !told) return told.error();
    return out;
  }

  Result<AddKvpItems::Out> invoke(const cim::Context& context, AddKvpItems, const Key&,
                                  const AddKvpItems::In& in) override {
    return change_items<AddKvpItems::Out>(context, KeyValueChange::add, in);
  }
  Result<ModifyKvpItems::Out> invoke(const cim::Context& context, ModifyKvpItems, const Key&,
                                     const ModifyKvpItems::In& in) override {
    return change_items<ModifyKvpItems::Out>(context, KeyValueChange::modify, in);
  }
  Result<RemoveKvpItems::Out> invoke(const cim::Context& context, RemoveKvpItems, const Key&,
                                     const RemoveKvpItems::In& in) override {
    return change_items<RemoveKvpItems::Out>(context, KeyValueChange::remove, in);
  }

 private:
  using Settings = std::optional<std::vector<cim::InstancePtr>>;

  using Check = std::function<Result<SettingChange>(const cim::Instance&)>;

  // A missing item has its own return value.
  template <class Out, class In>
  Result<Out> change_items(const cim::Context& context, KeyValueChange kind, const In& in) {
    Out out;
    Status done;
    if (!in.target_system)
      done = error(Failure::invalid_argument, "TargetSystem does not name a virtual machine");
    else if (!in.data_items || in.data_items->empty())
      done = error(Failure::invalid_argument, "there are no key-value pairs to change");
    else if (const auto machine = find_machine(environment_, in.target_system->value("Name")); !machine)
      done = machine.error();
    else if (done = change_key_values(environment_, kind, *in.target_system, *in.data_items);
             !done && done.error().kind == Failure::not_found) {
      out.return_value = static_cast<decltype(out.return_value)>(ModifyKvpItems::Code::file_not_found);
      return out;
    }
    if (const Status told = tell(context, done, out.return_value, out.job); !told) return told.error();
    return out;
  }

  Status apply_all(const std::vector<SettingChange>& changes) const {
    for (const SettingChange& change : changes)
      if (const Status applied = apply(environment_, change); !applied) return applied;
    return {};
  }

  // Success answers 0 at once. As on Hyper-V a failure is a job in exception, since only a job carries a text.
  template <class Code>
  Status tell(const cim::Context& context, const Status& done, Code& return_value,
              std::optional<cim::ObjectPath>& job) {
    return_value = Code::completed_with_no_error;
    if (done) return {};
    const auto failed =
        environment_.jobs.start("Modifying Virtual Machine Resources", context, {}, {}, [done] { return done; });
    if (!failed) return failed.error();
    return_value = Code::method_parameters_checked_job_started;
    job = job_path(*failed);
    return {};
  }

  // All are checked before the first is made.
  template <class Code>
  Status change(const cim::Context& context, const Settings& settings, const Check& check, Code& return_value,
                std::optional<cim::ObjectPath>& job, std::optional<std::vector<cim::ObjectPath>>& resulting) {
    std::vector<SettingChange> changes;
    const auto check_all = [&]() -> Status {
      if (!settings || settings->empty()) return error(Failure::invalid_argument, "there are no settings to change");
      for (const cim::InstancePtr& instance : *settings) {
        if (!instance) return error(Failure::invalid_argument, "one of the settings is NULL");
        auto change = check(*instance);
        if (!change) return change.error();
        changes.push_back(*std::move(change));
      }
      return {};
    };
    Status done = check_all();
    if (done) done = apply_all(changes);
    if (const Status told = tell(context, done, return_value, job); !told || !done) return told;
    resulting.emplace();
    for (SettingChange& change : changes) resulting->push_back(std::move(change.path));
    return {};
  }

  template <class Code>
  Status modify(const cim::Context& context, const Settings& settings, Code& return_value,
                std::optional<cim::ObjectPath>& job, std::optional<std::vector<cim::ObjectPath>>& resulting) {
    return change(
        context, settings, [&](const cim::Instance& each) { return check_modification(environment_, each); },
        return_value, job, resulting);
  }

  Environment& environment_;
};

}  // namespace

template <>
std::unique_ptr<schema::msvm::VirtualSystemManagementServiceProvider> make_provider(Environment& environment) {
  return std::make_unique<VirtualSystemManagementServiceProvider>(environment);
}

}  // namespace vmms::providers
