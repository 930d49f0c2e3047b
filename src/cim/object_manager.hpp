// The object manager: passes each operation to the provider that serves it. The wire's only way in.
#pragma once

#include "cim/association_provider.hpp"
#include "cim/association_query.hpp"
#include "cim/audit.hpp"
#include "cim/directory.hpp"
#include "cim/enumeration.hpp"
#include "cim/wql/language.hpp"
#include "cim/wql/system_properties.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace vmms::cim {

/// Whether the instances of subclasses belong to an enumeration.
enum class Subclasses : bool { exclude, include };
/// How a reference key that names no object, or several, is treated.
enum class NoObject : bool { fails, fits_nothing };

/// What a query finds.
struct QueryResult {
  std::unique_ptr<Enumeration> instances;
  /// The columns of a SELECT in the order of a class's properties, spelled as the class does; empty for whole
  /// instances. Of an instance only these properties and its keys are set.
  std::vector<std::string> columns;
  wql::Origin origin;  ///< for columns that are system properties
  ObjectPath about;    ///< the class that is asked and the keys that are fixed, or the object from which it is walked
};

class ObjectManager : public Directory {
 public:
  /// `server_name` is this host's name, as `__SERVER` and `__PATH` show it.
  explicit ObjectManager(Authorizer authorizer, std::string server_name = {});

  /// Set up before serving. Schemas are constant data (schema::…::schema()).
  void add_schema(const Schema& schema);
  /// Records what was done; outlives this. Null: nothing is recorded.
  void set_auditor(Auditor* auditor) { auditor_ = auditor; }

  /// `path.class_name` may be a superclass of the instance's class. Singletons are found by any subset of their keys,
  /// other instances by all keys.
  Result<Instance> get(const Context& context, const ObjectPath& path);

  /// The instances of a class and its subclasses. `keys` restricts by equal key values (a selector filter); `wanted`
  /// names the properties that will be read, empty for all.
  Result<std::unique_ptr<Enumeration>> enumerate(const Context& context, std::string_view namespace_name,
                                                 std::string_view class_name, const std::vector<KeyBinding>& keys = {},
                                                 const std::vector<std::string>& wanted = {},
                                                 Subclasses subclasses = Subclasses::include);

  /// As get() and enumerate(), inside another operation: not reported to the auditor.
  Result<Instance> get_within(const Context& context, const ObjectPath& path);
  /// The one instance that a path names, however it does so (naming.hpp), which may lack the namespace: what references
  /// and the sources of association queries are. Errors: not_found (also where the path fits several), invalid_argument
  /// (another host or namespace, a key that no class has).
  /// With `within` no objects but of this class are looked for.
  Result<Instance> find_object(const Context& context, const Schema& schema, ObjectPath path,
                               const Class* within = nullptr);
  Result<std::unique_ptr<Enumeration>> enumerate_within(const Context& context, std::string_view namespace_name,
                                                        std::string_view class_name,
                                                        const std::vector<KeyBinding>& keys = {},
                                                        const std::vector<std::string>& wanted = {},
                                                        Subclasses subclasses = Subclasses::include,
                                                        NoObject no_object = NoObject::fails);

  /// Runs a WQL query (see cim/wql/parser.hpp). Keys and classes that it fixes are handed to the providers, so that a
  /// query about one VM touches one VM. With `keys_only` only the keys of what is found will be read. Errors:
  /// invalid_argument (the query), not_found (the namespace or a class).
  Result<QueryResult> query(const Context& context, std::string_view namespace_name, std::string_view text,
                            bool keys_only = false, wql::Language language = wql::Language::wql);

  /// What stands at the other ends of an object's associations, or the associations themselves. Errors:
  /// invalid_argument (a name that fits nothing), not_found (the namespace or a class). That there is no such object is
  /// a failure of the enumeration.
  Result<QueryResult> associations(const Context& context, std::string_view namespace_name,
                                   const AssociationQuery& query);

  /// As associations(), of the class that the query names: the classes that could be found. Errors: the same.
  Result<std::vector<const Class*>> associated_classes(const Context& context, std::string_view namespace_name,
                                                       const AssociationQuery& query);

  /// `inputs` is parallel to Method::parameters of the method found by `find_class(…)->method(name)`. A path whose keys
  /// are not complete is accepted when exactly one instance fits and no guest must be asked to find it. References
  /// among the inputs must name objects of their parameters' classes; the provider gets these objects' own paths. A
  /// method that is not implemented answers its documented "not supported" code, or fails with not_supported when it
  /// documents none.
  Result<MethodResult> invoke(const Context& context, const ObjectPath& path, std::string_view method_name,
                              const Arguments& inputs);

  Status modify(const Context& context, const ObjectPath& path, const Instance& changes);
  Result<ObjectPath> create(const Context& context, std::string_view namespace_name, const Instance& instance);
  Status remove(const Context& context, const ObjectPath& path);

 private:
  /// The provider that answers for an instance, and the instance's own path: complete, and with its own class.
  struct ResolvedObject {
    Provider* provider = nullptr;
    ObjectPath path;
    bool is_there = false;                  ///< it was found, now or a short time ago
    std::optional<Instance> instance = {};  ///< where it had to be read for that
  };
  /// Which keys may be left out: those of singletons; of others where no guest must be asked to find what they fit;
  /// any.
  enum class Naming : std::uint8_t { all_keys, without_asking, any };
  /// Incomplete keys must fit exactly one instance.
  Result<ResolvedObject> resolve(const Context& context, const ObjectPath& path, Naming naming,
                                 const Class* within = nullptr);
  static ResolvedObject own_object(const Namespace& space, Provider& provider, ObjectPath path);
  bool is_on_another_host(const Context& context, const ObjectPath& path) const;
  Error on_another_host(const ObjectPath& path) const;
  /// Those that some keys of a path fit, two at most; what could not be asked is added to `failures`.
  std::vector<ResolvedObject> find_some(const Context& context, Provider& provider, const ObjectPath& path,
                                        std::vector<Error>& failures);
  /// The path of a singleton that some of its keys name, if it was found a short time ago.
  std::optional<ObjectPath> recall(const Provider* provider, const ObjectPath& path) const;
  void remember(const Provider* provider, const ObjectPath& path);
  // The operations, without reports to the auditor.
  /// References name an object, and are then its own path; or the call is refused.
  Result<Arguments> find_references(const Context& context, const Method& method, std::string_view namespace_name,
                                    const Arguments& inputs);
  Result<MethodResult> run_method(const Context& context, const ObjectPath& path, const Class& cim_class,
                                  const Method& method, const Arguments& inputs);
  Status run_modify(const Context& context, const ObjectPath& path, const Instance& changes);
  Result<ObjectPath> run_create(const Context& context, std::string_view namespace_name, const Instance& instance);
  Status run_remove(const Context& context, const ObjectPath& path);
  Result<Instance> get_association(const Context& context, const Class& cim_class, const ObjectPath& path,
                                   Naming naming);

  Auditor* auditor_ = nullptr;

  struct Remembered {
    ObjectPath path;
    Context::Clock::time_point until;
  };
  mutable std::mutex singletons_mutex_;
  std::unordered_map<const Provider*, Remembered> singletons_;
};

}  // namespace vmms::cim
