#include "cim/object_manager.hpp"

#include "base/text.hpp"
#include "cim/association_cursor.hpp"
#include "cim/cursor.hpp"
#include "cim/join.hpp"
#include "cim/namespace.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vmms::cim {

namespace {

Error no_instance(const ObjectPath& path) {
  return error(Failure::not_found, fmt::format("there is no instance {}", describe(path)));
}

// Of a path that had to have all keys, or nearly all: what it lacks may explain why nothing was found.
Error with_keys_not_given(Error why, const Class& cim_class, const ObjectPath& path) {
  std::string missing;
  for (const std::uint16_t key : cim_class.keys)
    if (const std::string_view name = cim_class.properties[key].name; !path.find(name))
      (missing += missing.empty() ? "; keys that were not given: " : ", ") += name;
  if (why.kind == Failure::not_found && !path.keys.empty()) why.message += missing;
  return why;
}

bool has_keys(const Class& cim_class, const ObjectPath& path) {
  return std::all_of(path.keys.begin(), path.keys.end(), [&](const KeyBinding& key) {
    const Property* property = cim_class.property(key.name);
    return property && property->is_key;
  });
}

Status check_key_names(const Class& cim_class, const ObjectPath& path) {
  for (const KeyBinding& key : path.keys) {
    const Property* property = cim_class.property(key.name);
    if (!property || !property->is_key)
      return error(Failure::invalid_argument, fmt::format("{} has no key named {:.100}", cim_class.name, key.name));
  }
  return {};
}

// The changes in the instance's own class. A client that writes a whole instance back includes properties that cannot
// be written, and must not believe that they were.
Result<Instance> writable_changes(const Instance& present, const Instance& changes) {
  Instance result(present.cim_class());
  for (std::size_t i = 0; i < present.values.size(); ++i) {
    const Property& property = present.cim_class().properties[i];
    const Value& value = changes[property.name];
    if (value.is_null() || value == present.values[i]) continue;
    if (property.is_key && equals_no_case(to_text(value), to_text(present.values[i]))) continue;
    if (!property.is_writable)
      return error(Failure::invalid_argument, fmt::format("{}.{} cannot be written: leave it out, or as it is",
                                                          present.cim_class().name, property.name));
    result.values[i] = value;
  }
  return result;
}

// Arguments follow the declaration of the class that was named; the instance's own class may declare them otherwise.
Arguments rearrange(const Arguments& values, const Method& from, const Method& to) {
  Arguments result(to.parameters.size());
  for (std::size_t i = 0; i < to.parameters.size(); ++i)
    for (std::size_t j = 0; j < from.parameters.size() && j < values.size(); ++j)
      if (equals_no_case(to.parameters[i].name, from.parameters[j].name)) result[i] = values[j];
  return result;
}

}  // namespace

ObjectManager::ObjectManager(Authorizer authorizer, std::string server_name)
    : Directory(std::move(authorizer), std::move(server_name)) {}

void ObjectManager::add_schema(const Schema& schema) {
  auto space = std::make_unique<Namespace>(schema);
  for (const Class* cim_class : schema.classes)
    if (cim_class->is_association && !cim_class->join_left.empty())
      space->add(std::make_unique<JoinProvider>(*this, schema, *cim_class));
  add(std::move(space));
}

// Where a class that was named stands for objects of others, the own class of the object takes over.
ObjectManager::ResolvedObject ObjectManager::own_object(const Namespace& space, Provider& provider, ObjectPath path) {
  const auto name = provider.other_class(path);
  const Class* const other = name ? space.schema.find(*name) : nullptr;
  const auto own = other ? space.providers.find(other) : space.providers.end();
  if (own == space.providers.end()) return {&provider, std::move(path)};
  path.class_name = other->name;
  return {own->second.get(), std::move(path)};
}

// Clients that know this server by an address or an alias put it into the paths that they send.
bool ObjectManager::is_on_another_host(const Context& context, const ObjectPath& path) const {
  return !names_server(path.host, server_name()) && !names_server(path.host, context.called_server);
}

Error ObjectManager::on_another_host(const ObjectPath& path) const {
  return error(Failure::invalid_argument,
               fmt::format("{} is on another host: this one is {}", describe(path), server_name()));
}

Result<ObjectManager::ResolvedObject> ObjectManager::resolve(const Context& context, const ObjectPath& path,
                                                             Naming naming, const Class* within) {
  const auto space = find_namespace(path.namespace_name);
  if (!space) return space.error();
  const auto named = find_class(path.namespace_name, path.class_name);
  if (!named) return named.error();
  if (is_on_another_host(context, path)) return on_another_host(path);
  const auto& concrete = (*space)->concrete(**named);
  // The common case: a service that all calls name in the same way.
  if (concrete.size() == 1 && concrete.front()->cim_class().is_singleton && !path.keys.empty() &&
      (!within || concrete.front()->cim_class().is_a(*within)))
    if (auto known = recall(concrete.front(), path)) return ResolvedObject{concrete.front(), *std::move(known), true};
  // What each class makes of the path.
  std::vector<ResolvedObject> candidates;
  std::optional<Error> unfit;
  const KeyBinding* creation = path.find("CreationClassName");
  for (Provider* provider : concrete) {
    const Class& cim_class = provider->cim_class();
    if ((creation && !equals_no_case(cim_class.name, creation->value)) || (within && !cim_class.is_a(*within)))
      continue;
    ResolvedObject candidate{provider, path};
    candidate.path.class_name = cim_class.name;
    Status fits = complete_keys(candidate.path.keys, cim_class);
    if (fits) fits = check_key_names(cim_class, candidate.path);
    if (!fits) {
      if (!unfit) unfit = fits.error();
      continue;
    }
    if (naming != Naming::all_keys) add_fixed_keys(candidate.path.keys, cim_class);
    candidates.push_back(std::move(candidate));
  }
  if (candidates.empty()) {
    if (unfit && concrete.size() > 1)
      return error(unfit->kind, fmt::format("{} fits no class: {}", describe(path), unfit->message));
    if (unfit) return *std::move(unfit);
    // A class that leaves its keys to its subclasses says nothing about them.
    if (!(*named)->keys.empty())
      if (const Status names = check_key_names(**named, path); !names) return names.error();
    return no_instance(path);
  }

  std::vector<Error> failures;
  // Complete keys first: nothing has to be looked for.
  for (ResolvedObject& candidate : candidates) {
    if (!has_all_keys(candidate.provider->cim_class(), candidate.path)) continue;
    if (candidates.size() == 1) return own_object(**space, *candidate.provider, std::move(candidate.path));
    auto instance = candidate.provider->get(context, candidate.path);
    if (instance) {
      candidate.is_there = true;
      candidate.instance = std::move(*instance);
      return std::move(candidate);
    }
    if (instance.error().kind != Failure::not_found && instance.error().kind != Failure::invalid_argument)
      failures.push_back(instance.error());
  }
  std::vector<ResolvedObject> found;
  for (ResolvedObject& candidate : candidates) {
    const Class& cim_class = candidate.provider->cim_class();
    if (has_all_keys(cim_class, candidate.path)) continue;
    const bool may_be_looked_for = cim_class.is_singleton || (naming == Naming::without_asking && !cim_class.waits) ||
                                   (naming == Naming::any && !path.keys.empty());  // no key at all names a class
    if (!may_be_looked_for) continue;
    auto some = find_some(context, *candidate.provider, candidate.path, failures);
    std::move(some.begin(), some.end(), std::back_inserter(found));
    if (cim_class.is_singleton && candidates.size() == 1 && found.size() == 1)
      remember(candidate.provider, found.front().path);
    if (found.size() > 1)
      return error(Failure::not_found, fmt::format("{} fits more than one instance: give all keys", describe(path)));
  }
  // Of those that could not be asked one may be it, or one more.
  if (!failures.empty()) return std::move(failures.front());
  if (found.empty()) return no_instance(path);
  return std::move(found.front());
}

std::vector<ObjectManager::ResolvedObject> ObjectManager::find_some(const Context& context, Provider& provider,
                                                                    const ObjectPath& path,
                                                                    std::vector<Error>& failures) {
  const Class& cim_class = provider.cim_class();
  Query query = make_query(cim_class, path.keys, {std::string(cim_class.name)});  // keys alone
  query.limit = 2;
  InstanceBuffer instances;
  Page page{instances, failures};
  provider.enumerate(context, query, page);
  std::vector<ResolvedObject> found;
  for (const Instance& instance : instances.items())
    found.push_back({&provider, instance.path(path.namespace_name), true});
  return found;
}

// Tools name the management service by its Name in each call. Its other keys, such as the host's name, hardly ever
// change.
constexpr std::chrono::seconds remembered_for{1};

std::optional<ObjectPath> ObjectManager::recall(const Provider* provider, const ObjectPath& path) const {
  const std::lock_guard lock(singletons_mutex_);
  const auto known = singletons_.find(provider);
  if (known == singletons_.end() || Context::Clock::now() >= known->second.until) return std::nullopt;
  const ObjectPath& whole = known->second.path;
  const bool fits = equals_no_case(whole.namespace_name, path.namespace_name) &&
                    std::all_of(path.keys.begin(), path.keys.end(), [&](const KeyBinding& given) {
                      const KeyBinding* key = whole.find(given.name);
                      return key && !given.reference && equals_no_case(key->value, given.value);
                    });
  return fits ? std::optional(whole) : std::nullopt;
}

void ObjectManager::remember(const Provider* provider, const ObjectPath& path) {
  const std::lock_guard lock(singletons_mutex_);
  singletons_[provider] = {path, Context::Clock::now() + remembered_for};
}

Result<Instance> ObjectManager::get_within(const Context& context, const ObjectPath& path) {
  const auto cim_class = find_class(path.namespace_name, path.class_name);
  if (!cim_class) return cim_class.error();
  if (const Status allowed = authorize(context, OperationKind::read, **cim_class, nullptr); !allowed)
    return allowed.error();
  if ((*cim_class)->is_association) return get_association(context, **cim_class, path, Naming::all_keys);
  auto target = resolve(context, path, Naming::all_keys);
  if (!target) return with_keys_not_given(target.error(), **cim_class, path);
  if (target->instance) return *std::move(target->instance);
  return target->provider->get(context, target->path);
}

Result<Instance> ObjectManager::find_object(const Context& context, const Schema& schema, ObjectPath path,
                                            const Class* within) {
  if (path.namespace_name.empty()) path.namespace_name = schema.namespace_name;
  if (find_schema(path.namespace_name) != &schema)
    return error(Failure::invalid_argument, fmt::format("{} is not in {}", describe(path), schema.namespace_name));
  const auto cim_class = find_class(path.namespace_name, path.class_name);
  if (!cim_class) return cim_class.error();
  if (const Status allowed = authorize(context, OperationKind::read, **cim_class, nullptr); !allowed)
    return allowed.error();
  if ((*cim_class)->is_association) {
    if (within && !(*cim_class)->is_a(*within)) return no_instance(path);
    return get_association(context, **cim_class, path, Naming::any);
  }
  auto target = resolve(context, path, Naming::any, within);
  if (!target) return target.error();
  if (target->instance) return *std::move(target->instance);
  return target->provider->get(context, target->path);
}

// From one of its ends, which is found first, whatever path names it.
Result<Instance> ObjectManager::get_association(const Context& context, const Class& cim_class, const ObjectPath& path,
                                                Naming naming) {
  const auto space = find_namespace(path.namespace_name);
  const Schema& schema = (*space)->schema;
  if (is_on_another_host(context, path)) return on_another_host(path);
  Home home = this->home(schema);
  home.called_server = context.called_server;
  std::vector<Instance> found;
  for (AssociationProvider* provider : (*space)->concrete_associations(cim_class)) {
    ObjectPath own = path;
    own.class_name = provider->cim_class().name;
    if (const Status keys = complete_keys(own.keys, provider->cim_class()); !keys) return keys.error();
    for (KeyBinding& key : own.keys) {
      const auto other = key.reference ? other_class(**space, *key.reference) : std::nullopt;
      if (!other) continue;
      ObjectPath end = *key.reference;
      end.class_name = *other;
      key.reference = std::make_shared<const ObjectPath>(std::move(end));
    }
    const bool complete = has_all_keys(provider->cim_class(), own);
    if (!has_keys(provider->cim_class(), own) || (!complete && naming == Naming::all_keys)) continue;
    // From an end that is named by all its keys, if there is one: the other may fit several objects.
    const auto is_whole = [&](const KeyBinding& key) {
      const Class* named = key.reference ? schema.find(key.reference->class_name) : nullptr;
      return named && !named->keys.empty() && has_all_keys(*named, *key.reference);
    };
    const KeyBinding* end = own.find((*space)->driver_role(provider->cim_class()));
    if (!end && !own.keys.empty()) end = &own.keys.front();
    if (end && !is_whole(*end)) {
      const auto whole = std::find_if(own.keys.begin(), own.keys.end(), is_whole);
      if (whole != own.keys.end()) end = &*whole;
    }
    if (!end || !end->reference) continue;
    // Only objects of the end's class are looked for, so that no other guest is asked.
    const Class* near_class = schema.find(provider->cim_class().property(end->name)->object_class);
    const auto near = find_object(context, schema, *end->reference, near_class);
    if (!near) {
      if (near.error().kind == Failure::not_found) continue;
      return near.error();
    }
    auto instances = provider->from(context, end->name, near->path(schema.namespace_name));
    if (!instances) return instances.error();
    const std::size_t before = found.size();
    for (Instance& instance : *instances)
      if (names_object(own, instance.path(), home)) found.push_back(std::move(instance));
    // One of its ends may still be named so that several fit.
    if (complete && found.size() == before + 1) return std::move(found.back());
  }
  if (found.size() == 1) return std::move(found.front());
  if (found.empty()) return no_instance(path);
  return error(Failure::not_found, fmt::format("{} fits more than one instance: give all keys", describe(path)));
}

Result<std::unique_ptr<Enumeration>> ObjectManager::enumerate_within(const Context& context,
                                                                     std::string_view namespace_name,
                                                                     std::string_view class_name,
                                                                     const std::vector<KeyBinding>& keys,
                                                                     const std::vector<std::string>& wanted,
                                                                     Subclasses subclasses, NoObject no_object) {
  const auto cim_class = find_class(namespace_name, class_name);
  if (!cim_class) return cim_class.error();
  if (const Status allowed = authorize(context, OperationKind::read, **cim_class, nullptr); !allowed)
    return allowed.error();
  for (const KeyBinding& key : keys) {
    const Property* property = (*cim_class)->property(key.name);
    if (!property || !property->is_key)
      return error(Failure::invalid_argument, fmt::format("{} has no key named {:.100}", (*cim_class)->name, key.name));
  }
  Namespace& space = **find_namespace(namespace_name);
  if ((*cim_class)->is_association) {
    std::vector<KeyBinding> ends = keys;
    if (const Status complete = complete_keys(ends, **cim_class); !complete) return complete.error();
    return std::unique_ptr<Enumeration>(
        std::make_unique<AssociationCursor>(*this, space, **cim_class, std::move(ends), subclasses, no_object));
  }
  std::vector<Provider*> providers = space.concrete(**cim_class);
  if (subclasses == Subclasses::exclude)
    std::erase_if(providers, [&](const Provider* provider) { return &provider->cim_class() != *cim_class; });
  return std::unique_ptr<Enumeration>(std::make_unique<Cursor>(std::move(providers), keys, wanted));
}

Result<MethodResult> ObjectManager::run_method(const Context& context, const ObjectPath& path, const Class& cim_class,
                                               const Method& method, const Arguments& inputs) {
  if (const Status allowed = authorize(context, OperationKind::invoke, cim_class, &method); !allowed)
    return allowed.error();
  const auto target = resolve(context, path, Naming::without_asking);
  if (!target) return with_keys_not_given(target.error(), cim_class, path);
  const Method* own = target->provider->cim_class().method(method.name);
  if (!own)
    return error(Failure::not_supported,
                 fmt::format("{} has no method {}", target->provider->cim_class().name, method.name));
  if (!own->implemented) {
    if (!target->is_there)
      if (const auto exists = target->provider->get(context, target->path); !exists) return exists.error();
    if (own->not_supported)
      return MethodResult{static_cast<std::uint64_t>(*own->not_supported), Arguments(method.parameters.size())};
    return error(Failure::not_supported,
                 fmt::format("{}.{} is not implemented here", target->provider->cim_class().name, own->name));
  }
  const bool same = own->parameters.data() == method.parameters.data();
  const Arguments* arguments = &inputs;
  Arguments changed;
  if (!same) changed = rearrange(inputs, method, *own), arguments = &changed;
  if (own->takes_references()) {
    auto found = find_references(context, *own, path.namespace_name, *arguments);
    if (!found) return found.error();
    changed = std::move(*found);
    arguments = &changed;
  }
  auto result = target->provider->invoke(context, target->path, *own, *arguments);
  if (result && !same) result->outputs = rearrange(result->outputs, *own, method);
  return result;
}

Result<Arguments> ObjectManager::find_references(const Context& context, const Method& method,
                                                 std::string_view namespace_name, const Arguments& inputs) {
  constexpr std::size_t most = 256;  // each may have to be looked for
  std::size_t number = 0;
  Arguments found = inputs;
  const Schema& schema = (*find_namespace(namespace_name))->schema;
  for (std::size_t i = 0; i < found.size() && i < method.parameters.size(); ++i) {
    const Parameter& parameter = method.parameters[i];
    if (parameter.type != Type::reference || !parameter.is_in) continue;
    const Class* declared = schema.find(parameter.object_class);
    const auto find = [&](Value& value) -> Status {
      const auto* path = value.get_if<ObjectPathPtr>();
      if (!path || !*path) return {};
      if (++number > most)
        return error(Failure::invalid_argument, fmt::format("{} takes {} references at most", method.name, most));
      // No provider is asked about objects that the parameter cannot take.
      const Class* named = schema.find((*path)->class_name);
      const bool possible = !named || !declared || narrower(named, declared);
      auto object = possible ? find_object(context, schema, **path, declared) : Result<Instance>(no_instance(**path));
      if (!possible || (object && declared && !object->cim_class().is_a(*declared)))
        object = error(Failure::invalid_argument, fmt::format("{} is no {}", describe(**path), declared->name));
      if (!object) {
        // Nothing is wrong with the object that is called.
        const Failure kind =
            object.error().kind == Failure::not_found ? Failure::invalid_argument : object.error().kind;
        return error(kind, fmt::format("{}, parameter {}: {}", method.name, parameter.name, object.error().message));
      }
      value = std::make_shared<const ObjectPath>(object->path(schema.namespace_name));
      return {};
    };
    if (auto* array = std::get_if<Array>(&found[i].data)) {
      for (Value& item : *array)
        if (const Status status = find(item); !status) return status.error();
    } else if (const Status status = find(found[i]); !status) {
      return status.error();
    }
  }
  return found;
}

Status ObjectManager::run_modify(const Context& context, const ObjectPath& path, const Instance& changes) {
  const auto cim_class = find_class(path.namespace_name, path.class_name);
  if (!cim_class) return cim_class.error();
  if (const Status allowed = authorize(context, OperationKind::write, **cim_class, nullptr); !allowed) return allowed;
  const auto target = resolve(context, path, Naming::all_keys);
  if (!target) return with_keys_not_given(target.error(), **cim_class, path);
  const auto present = target->provider->get(context, target->path);
  if (!present) return present.error();
  const auto checked = writable_changes(*present, changes);
  if (!checked) return checked.error();
  return target->provider->modify(context, target->path, *checked);
}

Result<ObjectPath> ObjectManager::run_create(const Context& context, std::string_view namespace_name,
                                             const Instance& instance) {
  const Class& cim_class = instance.cim_class();
  if (const Status allowed = authorize(context, OperationKind::write, cim_class, nullptr); !allowed)
    return allowed.error();
  const auto space = find_namespace(namespace_name);
  if (!space) return space.error();
  const auto provider = (*space)->providers.find(&cim_class);
  if (provider == (*space)->providers.end())
    return error(Failure::not_supported, fmt::format("instances of {} cannot be created", cim_class.name));
  return provider->second->create(context, instance);
}

Status ObjectManager::run_remove(const Context& context, const ObjectPath& path) {
  const auto cim_class = find_class(path.namespace_name, path.class_name);
  if (!cim_class) return cim_class.error();
  if (const Status allowed = authorize(context, OperationKind::write, **cim_class, nullptr); !allowed) return allowed;
  const auto target = resolve(context, path, Naming::all_keys);
  if (!target) return with_keys_not_given(target.error(), **cim_class, path);
  return target->provider->remove(context, target->path);
}

}  // namespace vmms::cim
