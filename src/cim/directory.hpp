// The namespaces of this server, their classes and providers, and who may do what with a class.
#pragma once

#include "cim/association_provider.hpp"
#include "cim/naming.hpp"
#include "cim/provider.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vmms::cim {

struct Namespace;

enum class OperationKind : std::uint8_t { read, write, invoke };

/// Decides whether a caller may do something with a class. An Error denies (kind access_denied).
using Authorizer = std::function<Status(const Principal&, OperationKind, const Class&, const Method*)>;

class Directory {
 public:
  /// `server_name` is this host's name, as `__SERVER` and `__PATH` show it.
  explicit Directory(Authorizer authorizer, std::string server_name);
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  /// Set up before serving.
  void add(std::unique_ptr<Namespace> space);
  void add(std::string_view namespace_name, std::unique_ptr<Provider> provider);
  void add(std::string_view namespace_name, std::unique_ptr<AssociationProvider> provider);

  /// Namespace names are compared without case and slash direction.
  const Schema* find_schema(std::string_view namespace_name) const;
  /// not_found names what is missing: the namespace or the class.
  Result<const Class*> find_class(std::string_view namespace_name, std::string_view class_name) const;

  /// Whether the operation may wait (on a guest, a host, a disk), so that it must not run on an I/O thread.
  bool waits(std::string_view namespace_name, const Class& cim_class, const Method* method) const;

  /// A class as it is declared. Errors: not_found, access_denied.
  Result<const Class*> get_class(const Context& context, std::string_view namespace_name,
                                 std::string_view class_name) const;
  /// The subclasses of a class, or the classes without superclass when `base` is empty; with `deep` also theirs, and so
  /// on. Leaves out those that the caller may not read. Errors: not_found.
  Result<std::vector<const Class*>> classes(const Context& context, std::string_view namespace_name,
                                            std::string_view base, bool deep) const;

  /// The names of the namespaces, in order.
  std::vector<std::string_view> namespaces() const;
  std::string_view server_name() const { return server_name_; }
  Home home(const Schema& schema) const { return {server_name_, schema.namespace_name, &schema}; }

  /// Errors: not_found.
  Result<Namespace*> find_namespace(std::string_view namespace_name) const;
  /// Errors: access_denied.
  Status authorize(const Context& context, OperationKind kind, const Class& cim_class, const Method* method) const;
  /// The own class of an object that its path names by another class; nothing where it does not.
  std::optional<std::string> other_class(const Namespace& space, const ObjectPath& path) const;

 private:
  Authorizer authorizer_;
  std::string server_name_;
  std::map<std::string, std::unique_ptr<Namespace>, std::less<>> namespaces_;
};

}  // namespace vmms::cim
