// Association queries from every instance, whatever it is called by: WQL, the operations of both protocols (which are
// ObjectManager::associations) and selector filters find the same.
#include "base/text.hpp"
#include "cim/naming.hpp"
#include "testing/test_fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace vmms::providers {
namespace {

using testing::space;
using Texts = std::set<std::string>;

/// A way to call an object.
struct Name {
  std::string what;
  cim::ObjectPath path;
};

class Associations : public testing::Providers {
 protected:
  Associations() {
    EXPECT_TRUE(host_.machines().turn_off(id("delta")));  // whose guest would be waited for many times
    // Jobs and what they affect.
    EXPECT_TRUE(call(machine_path("gamma"), "RequestStateChange", {std::uint64_t{2}, cim::Value(), cim::Value()}));
  }

  Texts paths(Result<cim::QueryResult> result, std::string_view what) {
    Texts found;
    EXPECT_TRUE(result) << what << ": " << result.error().message;
    if (!result) return found;
    for (const auto& instance : read(*result->instances, 100)) found.insert(instance.path().to_string());
    for (const Error& failure : failures_) ADD_FAILURE() << what << ": " << failure.message;
    return found;
  }
  Texts walk(std::string_view name, const cim::ObjectPath& source, bool references) {
    cim::AssociationQuery query;
    query.references = references;
    query.source = source;
    return paths(manager_.associations(context_, name, query), source.to_string());
  }
  Texts query(std::string_view name, const std::string& text) {
    return paths(manager_.query(context_, name, text), text);
  }
  Texts filtered(std::string_view name, const cim::Class& association, std::string_view role,
                 const cim::ObjectPath& end) {
    auto found = manager_.enumerate(context_, name, association.name,
                                    {{std::string(role), {}, std::make_shared<const cim::ObjectPath>(end)}});
    EXPECT_TRUE(found) << association.name << " " << end.to_string() << ": " << found.error().message;
    Texts texts;
    if (!found) return texts;
    for (const auto& instance : read(**found, 100)) texts.insert(instance.path().to_string());
    for (const Error& failure : failures_) ADD_FAILURE() << association.name << ": " << failure.message;
    return texts;
  }
  static std::string in_quotes(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
      if (c == '\\' || c == '\'' || c == '"') quoted += '\\';
      quoted += c;
    }
    return quoted + "'";
  }

  /// All ways that name this instance alone; those that fit others, too, go to `ambiguous`.
  static std::vector<Name> names_of(const cim::Instance& instance, std::string_view name,
                                    const std::vector<cim::Instance>& all, std::vector<Name>& ambiguous) {
    const cim::Class& cim_class = instance.cim_class();
    const cim::ObjectPath own = instance.path();
    std::vector<Name> names{{"its own path", own}};
    const auto add = [&](std::string what, const std::function<void(cim::ObjectPath&)>& change) {
      names.push_back({std::move(what), own});
      change(names.back().path);
    };
    for (const cim::Class* base = cim_class.superclass; base; base = base->superclass)
      add("a superclass", [&](cim::ObjectPath& path) { path.class_name = base->name; });
    add("lower case", [&](cim::ObjectPath& path) {
      path.class_name = to_lower(path.class_name);
      for (cim::KeyBinding& key : path.keys) {
        key.name = to_lower(key.name);
        if (!key.reference && cim_class.name != "Vmms_GuestOSService") key.value = to_lower(key.value);
      }
    });
    add("its namespace", [&](cim::ObjectPath& path) { path.namespace_name = to_upper(name); });
    for (const char* host : {"HOST1", ".", "host1.example.org"})
      add("a host", [&](cim::ObjectPath& path) {
        path.host = host;
        path.namespace_name = name;
      });
    add("another order", [](cim::ObjectPath& path) { std::reverse(path.keys.begin(), path.keys.end()); });
    add("keys without fixed ones", [&](cim::ObjectPath& path) {
      std::erase_if(path.keys,
                    [&](const cim::KeyBinding& key) { return !cim_class.property(key.name)->default_value.empty(); });
      if (path.keys.empty()) path.keys = own.keys;
    });
    if (own.keys.size() == 1) {
      add("the only key", [](cim::ObjectPath& path) { path.keys.front().name.clear(); });
      add("a superclass and the only key", [&](cim::ObjectPath& path) {
        if (cim_class.superclass) path.class_name = cim_class.superclass->name;
        path.keys.front().name.clear();
      });
    }
    for (std::size_t i = 0; own.keys.size() > 1 && i < own.keys.size(); ++i) {
      Name shorter{"keys without " + own.keys[i].name, own};
      shorter.path.keys.erase(shorter.path.keys.begin() + static_cast<std::ptrdiff_t>(i));
      const auto fits = std::count_if(all.begin(), all.end(), [&](const cim::Instance& each) {
        return names_object(shorter.path, each.path(), {"HOST1", name, nullptr});
      });
      (fits == 1 ? names : ambiguous).push_back(std::move(shorter));
    }
    return names;
  }
};

TEST_F(Associations, AreFoundWhateverTheirEndIsCalledBy) {
  std::size_t walked = 0;
  std::size_t found = 0;
  for (const std::string_view name : manager_.namespaces()) {
    const cim::Schema& schema = *manager_.find_schema(name);
    for (const cim::Class* cim_class : schema.classes) {
      if (!cim_class->has_provider && cim_class->join_left.empty()) continue;
      const auto instances = all(cim_class->name, 100, {}, name);
      for (const cim::Instance& instance : instances) {
        const Texts objects = walk(name, instance.path(), false);
        const Texts references = walk(name, instance.path(), true);
        found += references.size();
        std::vector<Name> ambiguous;
        context_.deadline = cim::Context::Clock::now() + std::chrono::seconds(60);
        for (const auto& [what, path] : names_of(instance, name, instances, ambiguous)) {
          SCOPED_TRACE(what + ": " + path.to_string());
          EXPECT_EQ(walk(name, path, false), objects);
          EXPECT_EQ(walk(name, path, true), references);
          EXPECT_EQ(query(name, "ASSOCIATORS OF {" + path.to_string() + "}"), objects);
          EXPECT_EQ(query(name, "REFERENCES OF {" + path.to_string() + "}"), references);
          const std::string by_path = " WHERE __PATH = " + in_quotes(path.to_string());
          EXPECT_EQ(query(name, fmt::format("SELECT * FROM {}{}", cim_class->name, by_path)),
                    Texts{instance.path().to_string()});
          // One association class and role after the other is all of them.
          Texts by_filter;
          Texts by_query;
          for (const cim::Class* association : schema.classes) {
            if (!association->is_association || (!association->has_provider && association->join_left.empty()))
              continue;
            for (const cim::Property& role : association->properties) {
              const cim::Class* end = role.type == cim::Type::reference ? schema.find(role.object_class) : nullptr;
              if (!end || !instance.cim_class().is_a(*end)) continue;
              by_filter.merge(filtered(name, *association, role.name, path));
              by_query.merge(query(name, fmt::format("SELECT * FROM {} WHERE {} = {}", association->name, role.name,
                                                     in_quotes(path.to_string()))));
            }
          }
          EXPECT_EQ(by_filter, references);
          EXPECT_EQ(by_query, references);
          ++walked;
        }
        for (const auto& [what, path] : ambiguous) {
          cim::AssociationQuery query;
          query.source = path;
          auto refused = manager_.associations(context_, name, query);
          ASSERT_TRUE(refused) << path.to_string();
          EXPECT_TRUE(read(*refused->instances, 100).empty());
          ASSERT_EQ(failures_.size(), 1u) << path.to_string();
          EXPECT_NE(failures_[0].message.find("fits more than one instance"), std::string::npos)
              << failures_[0].message;
          const std::string by_path = " WHERE __PATH = " + in_quotes(path.to_string());
          EXPECT_EQ(this->query(name, fmt::format("SELECT * FROM {}{}", cim_class->name, by_path)), Texts{});
        }
        if (HasFailure()) return;  // one says enough
      }
    }
  }
  EXPECT_GT(walked, 500u);
  EXPECT_GT(found, 100u);
}

TEST_F(Associations, OfAnAssociationEachCanBeReadBack) {
  for (const char* name : {"Msvm_SystemDevice", "Msvm_SettingsDefineState", "Msvm_AffectedJobElement"})
    for (const cim::Instance& association : all(name)) {
      cim::ObjectPath path = association.path(space);
      EXPECT_TRUE(manager_.get(context_, path)) << path.to_string();
      // As others may write it: references as text, by superclasses and without keys that are fixed.
      for (cim::KeyBinding& key : path.keys) {
        cim::ObjectPath end = *key.reference;
        end.class_name = manager_.find_class(space, end.class_name).value()->superclass->name;
        end.host = "host1";
        end.namespace_name = space;
        key = {to_upper(key.name), end.to_string(), {}};
      }
      const auto again = manager_.get(context_, path);
      ASSERT_TRUE(again) << path.to_string() << ": " << again.error().message;
      EXPECT_EQ(again->path().to_string(), association.path().to_string());
    }
}

// Clients know the job of a copy as an Msvm_ConcreteJob, as any other.
TEST_F(Associations, OfACopysJobAreFoundByBothOfItsClasses) {
  const auto job = jobs_->start({.caption = "Copying",
                                 .owner = "tester",
                                 .affected = machine_path("alpha"),
                                 .class_name = "Msvm_CopyFileToGuestJob"},
                                id("alpha"), [](cim::job::Control&) -> Status { return {}; });
  ASSERT_TRUE(job) << job.error().message;
  const std::string own = fmt::format("Msvm_CopyFileToGuestJob.InstanceID=\"{}\"", job->id);
  for (const char* form : {"Msvm_CopyFileToGuestJob.InstanceID=\"{}\"", "Msvm_ConcreteJob.InstanceID=\"{}\"",
                           "CIM_ConcreteJob.InstanceID=\"{}\"", "msvm_concretejob=\"{}\"", "CIM_Job=\"{}\"",
                           R"(\\HOST1\root\virtualization\v2:Msvm_ConcreteJob.InstanceID="{}")"}) {
    SCOPED_TRACE(form);
    const cim::ObjectPath path = cim::ObjectPath::parse(fmt::format(fmt::runtime(form), job->id)).value();
    const std::string text = in_quotes(path.to_string());
    const Texts references = walk(space, path, true);
    EXPECT_EQ(references.size(), 1u);
    EXPECT_EQ(query(space, "REFERENCES OF {" + path.to_string() + "}"), references);
    EXPECT_EQ(walk(space, path, false), Texts{machine_path("alpha")});
    const cim::Class& association = *manager_.find_class(space, "Msvm_AffectedJobElement").value();
    EXPECT_EQ(filtered(space, association, "AffectingElement", path), references);
    for (const std::string& where :
         {"AffectingElement = " + text, text + " = AffectingElement",
          "AffectingElement = " + text + " OR AffectingElement = 'Msvm_ConcreteJob=\"nothing\"'"})
      EXPECT_EQ(query(space, "SELECT * FROM CIM_AffectedJobElement WHERE " + where), references) << where;
    EXPECT_EQ(query(space, "SELECT * FROM CIM_ConcreteJob WHERE __PATH = " + text), Texts{own});
    EXPECT_EQ(query(space, "SELECT * FROM CIM_Job WHERE __PATH = " + text + " OR __PATH = 'CIM_Job=\"x\"'"),
              Texts{own});
    cim::ObjectPath link{{}, std::string(space), "Msvm_AffectedJobElement", {}};
    const auto machine = cim::ObjectPath::parse(machine_path("alpha")).value();
    link.keys = {{"AffectedElement", {}, std::make_shared<const cim::ObjectPath>(machine)},
                 {"AffectingElement", {}, std::make_shared<const cim::ObjectPath>(path)}};
    auto got = manager_.get(context_, link);
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(Texts{got->path().to_string()}, references);
    std::swap(link.keys[0], link.keys[1]);
    EXPECT_TRUE(manager_.get(context_, link));
  }
}

TEST_F(Associations, AnEndThatFitsSeveralNamesNoAssociation) {
  cim::ObjectPath link{{}, std::string(space), "Msvm_SystemDevice", {}};
  const auto machine = cim::ObjectPath::parse(machine_path("alpha")).value();
  const auto device = cim::ObjectPath::parse("CIM_LogicalDevice.SystemName=\"" + id("alpha") + "\"").value();
  link.keys = {{"GroupComponent", {}, std::make_shared<const cim::ObjectPath>(machine)},
               {"PartComponent", {}, std::make_shared<const cim::ObjectPath>(device)}};
  const auto got = manager_.get(context_, link);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, Failure::not_found);
  EXPECT_NE(got.error().message.find("fits more than one instance"), std::string::npos) << got.error().message;
}

TEST_F(Associations, ASourceThatNamesNothingHereSaysWhy) {
  const auto failure = [&](const std::string& source) {
    auto result = manager_.query(context_, space, "REFERENCES OF {" + source + "}");
    if (!result) return result.error();
    EXPECT_TRUE(read(*result->instances, 10).empty()) << source;
    return failures_.empty() ? Error{} : failures_.front();
  };
  const std::string machine = machine_path("alpha");
  EXPECT_EQ(failure("\\\\OTHER\\root\\virtualization\\v2:" + machine).kind, Failure::invalid_argument);
  EXPECT_EQ(failure("root/cimv2:" + machine).kind, Failure::invalid_argument);
  EXPECT_EQ(failure("Msvm_ComputerSystem.Name='nobody'").kind, Failure::not_found);
  EXPECT_EQ(failure("Msvm_ComputerSystem.Name='no\nbody'").message, "there is no virtual machine no\\x0abody");
  EXPECT_EQ(
      failure("CIM_ComputerSystem.CreationClassName='Msvm_PlannedComputerSystem',Name='" + id("alpha") + "'").kind,
      Failure::not_found);
  EXPECT_EQ(failure("Msvm_PlannedComputerSystem.Name='" + id("alpha") + "'").kind, Failure::not_found);
  EXPECT_EQ(failure("Msvm_ComputerSystem='" + id("alpha") + "'").kind, Failure::invalid_argument) << "it has two keys";
  EXPECT_EQ(failure("Msvm_ComputerSystem.Colour='red'").kind, Failure::invalid_argument);
  EXPECT_EQ(failure("CIM_ManagedElement.CreationClassName='Nothing',Name='x'").kind, Failure::not_found);
  const Error colour = failure("CIM_ManagedElement.Colour='red'");
  EXPECT_EQ(colour.kind, Failure::invalid_argument);
  EXPECT_NE(colour.message.find("CIM_ManagedElement.Colour=\"red\" fits no class"), std::string::npos)
      << colour.message;
}

}  // namespace
}  // namespace vmms::providers
