// Turns typed providers into those that the object manager takes. Included by the generated provider table and tests
// only.
#pragma once

#include "cim/association_provider.hpp"
#include "cim/typed.hpp"
#include "cim/typed_provider.hpp"

#include <iterator>
#include <memory>
#include <utility>

namespace vmms::cim {

template <class P>
class ProviderAdapter final : public Provider {
 public:
  using T = typename P::Object;
  using Key = typename T::Key;

  explicit ProviderAdapter(std::unique_ptr<P> provider) : provider_(std::move(provider)) {}

  const Class& cim_class() const override { return T::cim_class(); }

  void enumerate(const Context& context, const Query& query, Page& page) override {
    TypedQuery<T> typed_query;
    if (!filter(query, typed_query.keys)) return;
    if (query.after) {
      Result<Key> after = to_key<T>(path_of(*query.after));
      if (!after) return page.failures.push_back(after.error());
      typed_query.after = *std::move(after);
    }
    typed_query.limit = query.limit;
    typed_query.wanted = query.wanted;
    Instances instances(query, page.items);
    provider_->enumerate(context, typed_query, instances);
    std::move(instances.failures().begin(), instances.failures().end(), std::back_inserter(page.failures));
    page.more = instances.more();
  }

  Result<Instance> get(const Context& context, const ObjectPath& path) override {
    const Result<Key> key = to_key<T>(path);
    if (!key) return key.error();
    Result<T> object = provider_->get(context, *key);
    if (!object) return object.error();
    return to_instance(*std::move(object));
  }

  std::optional<std::string> other_class(const ObjectPath& path) override { return provider_->other_class(path); }

  Result<MethodResult> invoke(const Context& context, const ObjectPath& path, const Method& method,
                              const Arguments& inputs) override {
    const Result<Key> key = to_key<T>(path);
    if (!key) return key.error();
    return dispatch(typename P::Methods(), context, *key, method, inputs);
  }

  Status modify(const Context& context, const ObjectPath& path, const Instance& changes) override {
    const Result<Key> key = to_key<T>(path);
    if (!key) return key.error();
    const Result<T> object = from_instance<T>(changes);
    if (!object) return object.error();
    return provider_->modify(context, *key, *object);
  }

  Result<ObjectPath> create(const Context& context, const Instance& instance) override {
    const Result<T> object = from_instance<T>(instance);
    if (!object) return object.error();
    const Result<Key> key = provider_->create(context, *object);
    if (!key) return key.error();
    return to_path(*key);
  }

  Status remove(const Context& context, const ObjectPath& path) override {
    const Result<Key> key = to_key<T>(path);
    if (!key) return key.error();
    return provider_->remove(context, *key);
  }

 private:
  // Turns each object into an instance at once.
  class Instances final : public PageOf<T> {
   public:
    Instances(const Query& query, InstanceBuffer& instances)
        : PageOf<T>(query.limit), instances_(instances), wanted_(query.wanted.begin(), query.wanted.end()) {}

   private:
    void put(const T& object) override { assign(object, instances_.add_unset(T::cim_class()), wanted_); }
    void put(T&& object) override { assign(std::move(object), instances_.add_unset(T::cim_class()), wanted_); }

    InstanceBuffer& instances_;
    const WantedProperties wanted_;
  };

  static ObjectPath path_of(const std::vector<std::string>& key_texts) {
    ObjectPath path;
    path.class_name = T::cim_class().name;
    for (std::size_t i = 0; i < key_texts.size() && i < T::cim_class().keys.size(); ++i) {
      path.keys.push_back({std::string(T::cim_class().properties[T::cim_class().keys[i]].name), key_texts[i]});
    }
    return path;
  }

  /// False when no instance can match: the query has another value for a key with a fixed one, or one of another type.
  static bool filter(const Query& query, typename T::KeyFilter& keys) {
    bool possible = true;
    std::size_t index = 0;
    T::for_each_key(
        [&](auto& member, const auto& fixed) {
          const Property& property = T::cim_class().properties[T::cim_class().keys[index]];
          const std::optional<std::string> none;
          const std::optional<std::string>& text = index < query.keys.size() ? query.keys[index] : none;
          ++index;
          if (!text || property.type == Type::reference) return;
          const Result<Value> value = from_text(property.type, *text);
          if (!value || !typed::from_value(*value, member)) possible = false;
          if constexpr (std::is_same_v<std::remove_cvref_t<decltype(fixed)>, std::string>) {
            if (fixed.empty() || !possible) return;
            if (!equals_no_case(fixed, *member)) possible = false;
            member = fixed;
          }
        },
        keys, Key());
    return possible;
  }

  template <class... Methods>
  Result<MethodResult> dispatch(MethodList<Methods...>, const Context& context, const Key& key, const Method& method,
                                const Arguments& inputs) {
    Result<MethodResult> answer = error(Failure::not_supported, std::string(T::cim_class().name) + "." +
                                                                    std::string(method.name) + " is not implemented");
    static_cast<void>(
        ((method.name == Methods::name && (answer = call<Methods>(context, key, method, inputs), true)) || ...));
    return answer;
  }

  template <class M>
  Result<MethodResult> call(const Context& context, const Key& key, const Method& method, const Arguments& inputs) {
    typename M::In in;
    const Parameter* wrong = nullptr;
    M::In::for_each(
        [&](std::size_t index, auto& member) {
          if (index < inputs.size() && !typed::from_value(inputs[index], member)) wrong = &method.parameters[index];
        },
        in);
    if (wrong) return typed::unfit(method.name, wrong->name);
    Result<typename M::Out> out = provider_->invoke(context, M(), key, in);
    if (!out) return out.error();
    MethodResult result;
    result.return_value = typed::to_value(out->return_value);
    result.outputs.resize(method.parameters.size());
    M::Out::for_each(
        [&](std::size_t index, auto& member) { result.outputs[index] = typed::to_value(std::move(member)); }, *out);
    return result;
  }

  std::unique_ptr<P> provider_;
};

template <class P>
class AssociationAdapter final : public AssociationProvider {
 public:
  using T = typename P::Object;

  explicit AssociationAdapter(std::unique_ptr<P> provider) : provider_(std::move(provider)) {}

  const Class& cim_class() const override { return T::cim_class(); }

  Result<std::vector<Instance>> from(const Context& context, std::string_view role, const ObjectPath& end) override {
    return dispatch(typename P::Roles(), context, role, end);
  }

 private:
  template <class... Roles>
  Result<std::vector<Instance>> dispatch(RoleList<Roles...>, const Context& context, std::string_view role,
                                         const ObjectPath& end) {
    Result<std::vector<Instance>> answer =
        error(Failure::invalid_argument, std::string(T::cim_class().name) + " has no role " + std::string(role));
    static_cast<void>(
        ((equals_no_case(role, Roles::name) && (answer = instances(provider_->from(context, Roles(), end)), true)) ||
         ...));
    return answer;
  }

  static Result<std::vector<Instance>> instances(Result<std::vector<T>> objects) {
    if (!objects) return objects.error();
    std::vector<Instance> result;
    result.reserve(objects->size());
    for (T& object : *objects) result.push_back(to_instance(std::move(object)));
    return result;
  }

  std::unique_ptr<P> provider_;
};

/// A typed provider as the object manager takes it.
template <class P>
requires requires { typename P::Methods; }
std::unique_ptr<Provider> adapt(std::unique_ptr<P> provider) {
  return std::make_unique<ProviderAdapter<P>>(std::move(provider));
}
template <class P>
requires requires { typename P::Roles; }
std::unique_ptr<AssociationProvider> adapt(std::unique_ptr<P> provider) {
  return std::make_unique<AssociationAdapter<P>>(std::move(provider));
}

}  // namespace vmms::cim
