// For tests: a small host behind a real socket, with two VMs and a few services, that answers the requests of the
// verbs.
#pragma once

#include "testing/scripted_server.hpp"
#include "wire/wsman/client.hpp"
#include "wire/wsman/fault.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/reader.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace vmms::cli::test {

namespace names = wire::wsman::names;
using wire::wsman::test::Reply;
using wire::wsman::test::reply;

inline constexpr std::string_view demo_id = "3F2A6C1E-0D5B-4B7C-9A41-6E0C8D1B7F52";
inline constexpr std::string_view other_id = "7C0E9B34-52A1-4D0F-8E66-1B9A3C5D7E20";

/// A request, taken apart.
struct Call {
  std::string action;
  std::string class_name;
  std::map<std::string, std::string> selectors;  ///< of the header, or of the filter
  std::vector<std::pair<std::string, std::string>> inputs;

  std::string method() const { return action.substr(action.rfind('/') + 1); }
  std::string input(const std::string& name) const {
    for (const auto& [key, value] : inputs)
      if (key == name) return value;
    return {};
  }
};

inline Reply fault(Failure failure, const std::string& message) {
  return reply(500, wire::wsman::write_fault(wire::wsman::to_fault(error(failure, message)), "uuid:1", "test"));
}

class FakeHost {
 public:
  struct Machine {
    std::string id;
    std::string name;
    int state = 2;
    bool interface_enabled = false;
    int answers_after = 0;  ///< how often the interface component reports "no contact" first
  };
  std::vector<Machine> machines{{std::string(demo_id), "demo", 2, true, 0}, {std::string(other_id), "Other VM", 3}};
  std::map<std::string, bool> services{{"nginx.service", false}, {"ssh.service", true}};
  std::map<std::string, std::string> key_values;  ///< of demo, for its guest
  std::string lost;                               ///< why it has no contact with its hypervisor
  bool uses_jobs = false;
  std::string job_error;                                       ///< the job fails with this text
  std::string job_state;                                       ///< the job stays in this state
  std::function<std::optional<Reply>(const Call&)> intercept;  ///< may answer first
  std::vector<Call> calls;

  FakeHost() : server_([this](const auto& request) { return answer(request); }) {}

  std::string url() const { return server_.url(); }
  wire::wsman::test::ScriptedServer& server() { return server_; }
  /// For changes while another process sends requests: no answer is made meanwhile.
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

  static std::string envelope(std::string_view body) {
    return fmt::format(
        R"(<s:Envelope xmlns:s="{}" xmlns:a="{}" xmlns:n="{}" xmlns:w="{}"><s:Header/><s:Body>{}</s:Body></s:Envelope>)",
        names::soap, names::addressing, names::enumeration, names::wsman, body);
  }
  static Reply get_answer(std::string_view class_name, std::string_view properties) {
    return reply(200, envelope(instance(class_name, properties)));
  }
  static Reply invoke_answer(std::string_view method, std::string_view content) {
    return reply(200, envelope(fmt::format(R"(<p:{0}_OUTPUT xmlns:p="u">{1}</p:{0}_OUTPUT>)", method, content)));
  }
  static Reply enumerate_answer(const std::vector<std::string>& items) {
    std::string all;
    for (const std::string& item : items) all += item;
    return reply(200, envelope(fmt::format("<n:EnumerateResponse><n:EnumerationContext/><w:Items>{}</w:Items>"
                                           "<w:EndOfSequence/></n:EnumerateResponse>",
                                           all)));
  }
  static std::string instance(std::string_view class_name, std::string_view properties) {
    return fmt::format(R"(<p:{0} xmlns:p="u" xmlns:xsi="{1}" xmlns:cim="{2}">{3}</p:{0}>)", class_name, names::xsi,
                       names::cim_common, properties);
  }

 private:
  static Call read(const std::string& body) {
    Call call;
    const auto document = wire::xml::Document::parse(body);
    if (!document) return call;
    const auto header = document->root().child(names::soap, "Header");
    const auto content = document->root().child(names::soap, "Body").first_child();
    call.action = header.child(names::addressing, "Action").text();
    const std::string uri = header.child(names::wsman, "ResourceURI").text();
    call.class_name = uri.substr(uri.rfind('/') + 1);
    for (const auto& set : {header.child(names::wsman, "SelectorSet"),
                            content.child(names::wsman, "Filter").child(names::wsman, "SelectorSet")})
      for (const auto selector : set.children())
        call.selectors[std::string(*selector.attribute({}, "Name"))] = selector.text();
    for (const auto input : content.children()) call.inputs.emplace_back(input.name(), input.text());
    return call;
  }

  Machine* machine(const std::string& id) {
    for (Machine& each : machines)
      if (each.id == id) return &each;
    return nullptr;
  }

  std::string computer(const Machine& each) const {
    return fmt::format(
        "<p:CreationClassName>Msvm_ComputerSystem</p:CreationClassName><p:ElementName>{}</p:ElementName>"
        "<p:EnabledState>{}</p:EnabledState><p:Name>{}</p:Name><p:OnTimeInMilliseconds>{}</p:OnTimeInMilliseconds>"
        "<p:OperationalStatus>{}</p:OperationalStatus><p:ProcessID xsi:nil=\"true\"/><p:Status>{}</p:Status>"
        "<p:StatusDescriptions>{}</p:StatusDescriptions>",
        each.name, each.state, each.id, each.state == 2 ? 93784000 : 0, lost.empty() ? 2 : 13,
        lost.empty() ? "OK" : "Lost Comm", lost.empty() ? "OK" : lost);
  }

  static std::string service(const std::string& name, bool started) {
    return fmt::format(
        "<p:ActiveState>{}</p:ActiveState><p:Description>The {}</p:Description><p:MainProcessID>{}"
        "</p:MainProcessID><p:Name>{}</p:Name><p:Started>{}</p:Started><p:StartMode>Manual</p:StartMode>"
        "<p:StatusDescriptions>{}</p:StatusDescriptions><p:SubState>{}</p:SubState>",
        started ? "active" : "inactive", name, started ? 512 : 0, name, started,
        started ? "active (running)" : "inactive (dead)", started ? "running" : "dead");
  }

  Reply answer(const wire::wsman::test::ScriptedServer::Request& request) {
    const std::lock_guard answering(mutex_);
    const Call call = read(request.body());
    calls.push_back(call);
    if (intercept)
      if (auto answered = intercept(call)) return *answered;
    if (call.action.empty())
      return reply(
          200, envelope(fmt::format(R"(<i:IdentifyResponse xmlns:i="{}"><i:ProtocolVersion>p</i:ProtocolVersion>)"
                                    R"(<i:ProductVendor>vmms</i:ProductVendor><i:ProductVersion>0.1</i:ProductVersion>)"
                                    R"(</i:IdentifyResponse>)",
                                    names::wsmid)));
    if (call.action == names::action_get) return get(call);
    if (call.action == names::action_enumerate) return enumerate(call);
    return invoke(call);
  }

  Reply get(const Call& call) {
    const auto selector = [&](const char* name) {
      const auto found = call.selectors.find(name);
      return found == call.selectors.end() ? std::string() : found->second;
    };
    if (call.class_name == "Msvm_ComputerSystem") {
      if (const Machine* each = machine(selector("Name"))) return get_answer(call.class_name, computer(*each));
    } else if (call.class_name == "Msvm_ConcreteJob") {
      return job(call);
    } else if (call.class_name == "Msvm_GuestServiceInterfaceComponentSettingData") {
      if (const Machine* each = machine(selector("InstanceID").substr(10, 36)))
        return get_answer(call.class_name,
                          fmt::format("<p:EnabledState>{}</p:EnabledState>", each->interface_enabled ? 2 : 3));
    } else if (call.class_name == "Msvm_KvpExchangeComponentSettingData") {
      std::string items;
      for (const auto& [name, value] : key_values)
        items += fmt::format(
            "<p:HostExchangeItems><![CDATA[<INSTANCE CLASSNAME=\"Msvm_KvpExchangeDataItem\">"
            "<PROPERTY NAME=\"Name\" TYPE=\"string\"><VALUE>{}</VALUE></PROPERTY>"
            "<PROPERTY NAME=\"Data\" TYPE=\"string\"><VALUE>{}</VALUE></PROPERTY>"
            "<PROPERTY NAME=\"Source\" TYPE=\"uint16\"><VALUE>0</VALUE></PROPERTY></INSTANCE>]]>"
            "</p:HostExchangeItems>",
            name, value);
      return get_answer(call.class_name, items);
    } else if (call.class_name == "Msvm_KvpExchangeComponent") {
      return get_answer(call.class_name,
                        "<p:OperationalStatus>12</p:OperationalStatus><p:StatusDescriptions>No "
                        "Contact: no agent</p:StatusDescriptions>");
    } else if (call.class_name == "Msvm_GuestServiceInterfaceComponent") {
      Machine* each = machine(selector("SystemName"));
      if (each && each->state == 2) {
        const bool contact = each->answers_after-- <= 0;
        return get_answer(call.class_name,
                          fmt::format("<p:OperationalStatus>{}</p:OperationalStatus><p:StatusDescriptions>{}"
                                      "</p:StatusDescriptions>",
                                      contact ? 2 : 12, contact ? "OK: the agent" : "No Contact: no agent"));
      }
    } else if (call.class_name == "Vmms_GuestOSService") {
      const Machine* each = machine(selector("SystemName"));
      const auto found = services.find(selector("Name"));
      if (each && each->interface_enabled && found != services.end())
        return get_answer(call.class_name, service(found->first, found->second));
    }
    return fault(Failure::not_found, "there is no such " + call.class_name);
  }

  Reply job(const Call& call) {
    if (!job_state.empty()) return get_answer(call.class_name, fmt::format("<p:JobState>{}</p:JobState>", job_state));
    if (job_polls_++ < 1)
      return get_answer(call.class_name, "<p:JobState>4</p:JobState><p:PercentComplete>50</p:PercentComplete>");
    if (job_error.empty()) return get_answer(call.class_name, "<p:JobState>7</p:JobState><p:ErrorCode>0</p:ErrorCode>");
    return get_answer(call.class_name, fmt::format("<p:ErrorCode>32775</p:ErrorCode><p:ErrorDescription>{}"
                                                   "</p:ErrorDescription><p:JobState>10</p:JobState>",
                                                   job_error));
  }

  Reply enumerate(const Call& call) {
    std::vector<std::string> items;
    const auto wanted = call.selectors.find("SystemName");
    if (call.class_name == "Msvm_ComputerSystem") {
      items.push_back(instance(call.class_name, "<p:ElementName>HOST</p:ElementName><p:Name>HOST</p:Name>"));
      for (const Machine& each : machines) items.push_back(instance(call.class_name, computer(each)));
    } else if (wanted != call.selectors.end()) {
      const Machine* each = machine(wanted->second);
      if (each && each->state == 2 && call.class_name == "Msvm_GuestFileService")
        items.push_back(instance(call.class_name, "<p:Started>false</p:Started>"));
      if (each && each->state == 2 && each->interface_enabled && call.class_name == "Vmms_GuestOSService")
        for (const auto& [name, started] : services) items.push_back(instance(call.class_name, service(name, started)));
    }
    return enumerate_answer(items);
  }

  Reply returned(const Call& call, int value) {
    return invoke_answer(call.method(), fmt::format("<p:ReturnValue>{}</p:ReturnValue>", value));
  }

  Reply invoke(const Call& call) {
    if (call.method() == "RequestStateChange") {
      Machine* each = machine(call.selectors.at("Name"));
      const int state = std::stoi(call.input("RequestedState"));
      if (each->state == state) return returned(call, 32775);
      if (job_error.empty() && state != 11) each->state = state;
      return uses_jobs ? started_job(call) : returned(call, 0);
    }
    if (call.method() == "ModifyGuestServiceSettings") {
      const auto settings = wire::xml::Document::parse(call.input("GuestServiceSettings"));
      if (!settings) return fault(Failure::invalid_argument, settings.error().message);
      std::map<std::string, std::string> properties;
      for (const auto property : settings->root().children())
        properties[std::string(*property.attribute({}, "NAME"))] = property.first_child().text();
      machine(properties["InstanceID"].substr(10, 36))->interface_enabled = properties["EnabledState"] == "2";
      return uses_jobs ? started_job(call) : returned(call, 0);
    }
    if (call.method().ends_with("KvpItems")) {
      const auto item = wire::xml::Document::parse(call.input("DataItems"));
      if (!item) return fault(Failure::invalid_argument, item.error().message);
      std::map<std::string, std::string> properties;
      for (const auto property : item->root().children())
        properties[std::string(*property.attribute({}, "NAME"))] = property.first_child().text();
      const bool known = key_values.count(properties["Name"]) != 0;
      if (known == (call.method() == "AddKvpItems")) return returned(call, 32779);
      if (call.method() == "RemoveKvpItems")
        key_values.erase(properties["Name"]);
      else
        key_values[properties["Name"]] = properties["Data"];
      return returned(call, 0);
    }
    if (call.method() == "InitiateShutdown" || call.method() == "InitiateReboot") {
      Machine* each = machine(call.selectors.at("SystemName"));
      if (each->state != 2) return fault(Failure::not_found, "its guest does not run");
      if (call.method() == "InitiateShutdown") each->state = 3;
      return returned(call, 0);
    }
    if (call.method() == "StartService" || call.method() == "StopService") {
      const Machine* each = machine(call.selectors.at("SystemName"));
      const std::string& name = call.selectors.at("Name");
      if (!each->interface_enabled) return returned(call, 1);
      if (services.find(name) == services.end())
        return fault(Failure::not_found, fmt::format("there is no service '{}'", name));
      services[name] = call.method() == "StartService";
      return returned(call, 0);
    }
    return fault(Failure::not_supported, "no method " + call.method());
  }

  Reply started_job(const Call& call) {
    job_polls_ = 0;
    return invoke_answer(
        call.method(),
        fmt::format(
            R"(<p:Job xmlns:a="{}" xmlns:w="{}"><a:Address>x</a:Address><a:ReferenceParameters><w:ResourceURI>{})"
            R"(root/virtualization/v2/Msvm_ConcreteJob</w:ResourceURI><w:SelectorSet>)"
            R"(<w:Selector Name="InstanceID">JOB-1</w:Selector></w:SelectorSet></a:ReferenceParameters></p:Job>)"
            R"(<p:ReturnValue>4096</p:ReturnValue>)",
            names::addressing, names::wsman, names::microsoft_resource));
  }

  int job_polls_ = 0;
  std::mutex mutex_;
  wire::wsman::test::ScriptedServer server_;  // last: it must not answer before the rest is there, nor after
};

}  // namespace vmms::cli::test
