// src/cim/typed*.hpp with what cimgen writes for golden/schema.
#include "cim/typed.hpp"

#include "cim/typed_adapter.hpp"
#include "schema/Test_Device.hpp"
#include "schema/Test_Link.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <map>

namespace vmms::cim {
namespace {

using schema::test::Device;
using schema::test::DeviceProvider;
using schema::test::Element;
using schema::test::Link;
using schema::test::LinkProvider;

Device device(const std::string& system, std::uint32_t slot) {
  Device object;
  object.system_name = system;
  object.slot = slot;
  return object;
}

/// A random value for each type that a member can have.
template <class T>
void randomize(T& member) {
  if constexpr (typed::is_optional<T>) {
    member.reset();
    if (*rc::gen::arbitrary<bool>()) randomize(member.emplace());
  } else if constexpr (std::is_same_v<T, std::vector<bool>>) {
    member = *rc::gen::arbitrary<std::vector<bool>>();
  } else if constexpr (typed::is_vector<T>) {
    member.resize(*rc::gen::inRange<std::size_t>(0, 4));
    for (auto& each : member) randomize(each);
  } else if constexpr (std::is_same_v<T, DateTime>) {
    const DateTime::Microseconds time(*rc::gen::inRange<std::int64_t>(0, 1LL << 50));
    member =
        *rc::gen::arbitrary<bool>() ? DateTime::interval(time) : DateTime::timestamp(DateTime::TimePoint(time), 60);
  } else if constexpr (std::is_same_v<T, ObjectPath>) {
    member = to_path(device(*rc::gen::arbitrary<std::string>(), *rc::gen::arbitrary<std::uint32_t>()).key());
  } else if constexpr (std::is_same_v<T, InstancePtr>) {
    member = *rc::gen::arbitrary<bool>() ? nullptr : std::make_shared<const Instance>(to_instance(device("A", 1)));
  } else if constexpr (std::is_same_v<T, char16_t>) {
    member = static_cast<char16_t>(*rc::gen::arbitrary<std::uint16_t>());
  } else if constexpr (std::is_enum_v<T>) {
    member = static_cast<T>(*rc::gen::arbitrary<std::underlying_type_t<T>>());  // also numbers that have no name
  } else {
    member = *rc::gen::arbitrary<T>();
  }
}

RC_GTEST_PROP(Typed, ADeviceSurvivesTheWayThroughAnInstance, ()) {
  Device object;
  Device::for_each_property([](auto& member) { randomize(member); }, object);
  const Instance instance = to_instance(object);
  const Result<Device> read = from_instance<Device>(instance);
  RC_ASSERT(read.has_value());
  RC_ASSERT(to_instance(*read) == instance);
  RC_ASSERT(read->caption == object.caption);
  RC_ASSERT(read->flags == object.flags);
  RC_ASSERT(read->ratio == object.ratio);
  RC_ASSERT(read->times == object.times);
}

RC_GTEST_PROP(Typed, NothingOfAnEarlierDeviceIsLeftInAnInstance, ()) {
  Instance instance(schema::Test_Device);
  for (int i = 0; i < 3; ++i) {
    Device object;
    Device::for_each_property([](auto& member) { randomize(member); }, object);
    const Instance expected = to_instance(object);
    if (*rc::gen::arbitrary<bool>())
      assign(object, instance);
    else
      assign(std::move(object), instance);
    RC_ASSERT(instance == expected);
  }
}

RC_GTEST_PROP(Typed, AKeySurvivesTheWayThroughAPath, (const std::string& system, std::uint32_t slot)) {
  RC_PRE(!system.empty());
  const Device::Key key = device(system, slot).key();
  const ObjectPath path = to_path(key, "root/test");
  const Result<Device::Key> read = to_key<Device>(path);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == key);
}

TEST(Typed, DefaultsOfTheSchemaAreThere) {
  const Device object;
  EXPECT_EQ(object.creation_class_name, "Test_Device");
  EXPECT_EQ(object.state, Device::State::ok);
  EXPECT_EQ(object.caption, std::nullopt);
  EXPECT_EQ(object.temperature, -273);
  EXPECT_EQ(object.on_time_in_milliseconds, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(object.lowest, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(object.length, DateTime::interval(std::chrono::minutes(5)));
  EXPECT_EQ(object.install_date, DateTime());
  EXPECT_EQ(object.os_names, (std::vector<std::string>{"a\\b", "Ünï"}));
  EXPECT_EQ(Device::Day::sunday_1, Device::Day{1});
  EXPECT_EQ(Device::Day::sunday_minus_1, Device::Day{-1});
}

TEST(Typed, NullInAnInstanceIsNotTheDefault) {
  const Instance empty(schema::Test_Device);
  const Result<Device> read = from_instance<Device>(empty);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->state, std::nullopt);
  EXPECT_EQ(read->inner, nullptr);
}

TEST(Typed, AnInstanceOfASubclassIsRead) {
  Instance instance = to_instance(device("A", 7));
  ASSERT_TRUE(instance.set("State", Value(std::uint64_t{3})));
  const Result<Element> read = from_instance<Element>(instance);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->state, Element::State::not_supported);
}

TEST(Typed, AnInstanceOfAnotherClassIsRefused) {
  const Result<Device> read = from_instance<Device>(to_instance(Link()));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "an instance of Test_Device is needed, not one of Test_Link");
  EXPECT_FALSE(from_instance<Device>(InstancePtr(), "Settings"));
}

TEST(Typed, ValuesThatDoNotFitAreNamed) {
  for (const Value& wrong : {Value(std::uint64_t{1} << 40), Value(std::string("1")), Value(std::int64_t{1})}) {
    Instance instance(schema::Test_Device);
    ASSERT_TRUE(instance.set("State", wrong));
    const Result<Device> read = from_instance<Device>(instance);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, "Test_Device.State has a value of another type, or one out of its range");
  }
}

TEST(Typed, KeysWithAFixedValueHaveNoOther) {
  ObjectPath path = to_path(device("A", 7).key());
  ASSERT_EQ(path.keys[0].name, "CreationClassName");
  path.keys[0].value = "TEST_DEVICE";
  const auto same = to_key<Device>(path);
  ASSERT_TRUE(same);
  EXPECT_EQ(same->creation_class_name, "Test_Device");
  path.keys[0].value = "Test_Other";
  const auto other = to_key<Device>(path);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, Failure::not_found);
  path.keys.erase(path.keys.begin());
  EXPECT_EQ(to_key<Device>(path).error().kind, Failure::invalid_argument);
}

TEST(Typed, KeysAreOrderedBySystemFirst) {
  EXPECT_LT(device("A", 9).key(), device("B", 1).key());
  EXPECT_LT(device("A", 1).key(), device("A", 9).key());
}

class Devices final : public DeviceProvider {
 public:
  void enumerate(const Context&, const TypedQuery<Device>& query, PageOf<Device>& page) override {
    for (const Device& each : objects) {
      if (!query.selects(each.key())) continue;
      if (page.full()) break;
      Device found = each;
      if (!query.wants(Device::Property::state)) found.state.reset();
      page.add(std::move(found));
    }
    page.failures() = failures;
  }
  Result<Start::Out> invoke(const Context&, Start, const Key& key, const Start::In& in) override {
    if (!in.force) return error(Failure::invalid_argument, "Force is missing");
    Start::Out out;
    out.return_value = *in.force ? Start::Code::done : Start::Code::not_supported;
    out.message = key.system_name;
    return out;
  }
  Result<Exchange::Out> invoke(const Context&, Exchange, const Key&, const Exchange::In& in) override {
    Exchange::Out out;
    out.return_value = static_cast<std::uint16_t>(in.settings ? in.settings->size() : 0);
    out.value = in.value;
    out.result = to_path(device("R", 1).key());
    return out;
  }
  Status modify(const Context&, const Key& key, const Device& changes) override {
    changed[key.slot] = changes.caption.value_or("");
    return {};
  }

  std::vector<Device> objects{device("A", 1), device("A", 2), device("B", 1)};
  std::vector<Error> failures;
  std::map<std::uint32_t, std::string> changed;
};

class AdapterTest : public testing::Test {
 protected:
  AdapterTest() {
    auto devices = std::make_unique<Devices>();
    devices_ = devices.get();
    provider_ = adapt(std::move(devices));
  }
  Query query() const {
    Query result;
    result.keys.resize(schema::Test_Device.keys.size());
    return result;
  }
  // Adds to `found_`; says whether there is more.
  bool enumerate(const Query& query) {
    std::vector<Error> failures;
    Page page{found_, failures};
    provider_->enumerate({}, query, page);
    return page.more;
  }
  Result<MethodResult> invoke(std::string_view method, const Arguments& inputs) {
    return provider_->invoke({}, to_path(device("A", 1).key()), *schema::Test_Device.method(method), inputs);
  }

  Devices* devices_;
  std::unique_ptr<Provider> provider_;
  InstanceBuffer found_;
};

TEST_F(AdapterTest, EnumeratesInPages) {
  Query first = query();
  first.limit = 2;
  EXPECT_TRUE(enumerate(first));
  ASSERT_EQ(found_.size(), 2U);
  first.after.emplace();
  for (const std::uint16_t index : schema::Test_Device.keys)
    first.after->push_back(to_text(found_.back().values[index]));
  found_.drop(2);
  EXPECT_FALSE(enumerate(first));
  ASSERT_EQ(found_.size(), 1U);
  EXPECT_EQ(found_.back()["SystemName"], Value(std::string("B")));
}

TEST_F(AdapterTest, APageHoldsNothingOfTheOneWhosePlaceItTakes) {
  enumerate(query());
  found_.drop(found_.size());
  Query few = query();
  few.wanted.assign(schema::Test_Device.properties.size(), false);
  few.wanted[schema::Test_Device.property_index("SystemName").value()] = true;
  enumerate(few);
  for (const Instance& each : found_.items())
    for (std::size_t i = 0; i < each.values.size(); ++i) EXPECT_EQ(each.values[i].is_null(), !few.wanted[i]) << i;
}

TEST_F(AdapterTest, KeysRestrictTheEnumeration) {
  Query query = this->query();  // CreationClassName, DeviceID, Slot, SystemName
  const auto count = [&] {
    found_.drop(found_.size());
    enumerate(query);
    return found_.size();
  };
  query.keys[3] = "a";
  EXPECT_EQ(count(), 2U);
  query.keys[2] = "2";
  EXPECT_EQ(count(), 1U);
  query.keys[1] = "FIXED:1";
  EXPECT_EQ(count(), 1U);
  query.keys[1] = "Fixed:2";
  EXPECT_EQ(count(), 0U);
  query.keys[1].reset();
  query.keys[2] = "many";
  EXPECT_EQ(count(), 0U);
}

TEST_F(AdapterTest, GetIsTheFilteredEnumerate) {
  const auto found = provider_->get({}, to_path(device("b", 1).key()));
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)["SystemName"], Value(std::string("B")));
  EXPECT_EQ(provider_->get({}, to_path(device("B", 2).key())).error().kind, Failure::not_found);
  devices_->failures = {error(Failure::unreachable, "silent")};
  EXPECT_EQ(provider_->get({}, to_path(device("B", 2).key())).error().kind, Failure::unreachable);
}

TEST_F(AdapterTest, MethodsGetTheirArguments) {
  const auto started = invoke("Start", {Value(true), Value()});
  ASSERT_TRUE(started);
  EXPECT_EQ(started->return_value, Value(std::uint64_t{0}));
  EXPECT_EQ(started->outputs, (Arguments{Value(), Value(std::string("A"))}));

  const InstancePtr inner = std::make_shared<const Instance>(to_instance(device("C", 1)));
  const auto exchanged = invoke("Exchange", {Value(std::uint64_t{5}), Value(Array{Value(inner)}), Value(), Value()});
  ASSERT_TRUE(exchanged);
  EXPECT_EQ(exchanged->return_value, Value(std::uint64_t{1}));
  EXPECT_EQ(exchanged->outputs[0], Value(std::uint64_t{5}));
  EXPECT_TRUE(exchanged->outputs[2].get_if<ObjectPathPtr>());
}

TEST_F(AdapterTest, ErrorsOfMethodsArePassedOn) {
  EXPECT_EQ(invoke("Start", {}).error().message, "Force is missing");
  const auto wrong = invoke("Exchange", {Value(std::uint64_t{1} << 33)});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().message, "Exchange.Value has a value of another type, or one out of its range");
}

TEST_F(AdapterTest, ModifyIsTypedAndTheRestIsRefused) {
  Instance changes(schema::Test_Device);
  ASSERT_TRUE(changes.set("Caption", Value(std::string("new"))));
  EXPECT_TRUE(provider_->modify({}, to_path(device("A", 2).key()), changes));
  EXPECT_EQ(devices_->changed[2], "new");
  EXPECT_EQ(provider_->create({}, changes).error().message, "instances of Test_Device cannot be created by clients");
  EXPECT_EQ(provider_->remove({}, to_path(device("A", 2).key())).error().kind, Failure::not_supported);
}

class Links final : public LinkProvider {
 public:
  Result<std::vector<Link>> from(const Context&, Link::Left, const ObjectPath& end) override {
    Link link;
    link.left = end;
    link.right = to_path(device("right", 1).key());
    return std::vector{link};
  }
  Result<std::vector<Link>> from(const Context&, Link::Right, const ObjectPath&) override {
    return error(Failure::unreachable, "silent");
  }
};

TEST(AssociationAdapter, EachRoleHasItsDirection) {
  const std::unique_ptr<AssociationProvider> provider = adapt(std::make_unique<Links>());
  EXPECT_EQ(&provider->cim_class(), &schema::Test_Link);
  const ObjectPath end = to_path(device("left", 1).key());
  const auto links = provider->from({}, "LEFT", end);
  ASSERT_TRUE(links);
  ASSERT_EQ(links->size(), 1U);
  EXPECT_EQ((*links)[0]["Left"], Value(ObjectPathPtr(std::make_shared<const ObjectPath>(end))));
  EXPECT_EQ(provider->from({}, "Right", end).error().kind, Failure::unreachable);
  EXPECT_EQ(provider->from({}, "Weight", end).error().kind, Failure::invalid_argument);
}

TEST(ClassData, IsSortedAndLinked) {
  const Class& device_class = schema::Test_Device;
  EXPECT_EQ(device_class.superclass, &schema::Test_Element);
  EXPECT_TRUE(device_class.has_provider);
  EXPECT_TRUE(device_class.is_singleton);
  EXPECT_TRUE(device_class.waits);
  EXPECT_FALSE(schema::Test_Element.has_provider);
  EXPECT_TRUE(std::is_sorted(device_class.properties.begin(), device_class.properties.end(),
                             [](const Property& a, const Property& b) { return compare_no_case(a.name, b.name) < 0; }));
  EXPECT_EQ(device_class.property("inner")->object_class, "Test_Element");
  EXPECT_EQ(device_class.property("osnames")->default_value, R"({"a\\b", "Ünï"})");
  EXPECT_EQ(device_class.property("State")->origin, "Test_Element");
  EXPECT_EQ(device_class.method("Start")->not_supported, 1U);
  EXPECT_TRUE(device_class.method("Start")->implemented);
  EXPECT_FALSE(schema::Test_Element.method("Start")->implemented);
  EXPECT_EQ(schema::Test_Joined.join_left, "Left.SystemName");
  EXPECT_EQ(schema::root_test.find("TEST_LINK"), &schema::Test_Link);
}

}  // namespace
}  // namespace vmms::cim
