// What a class offers to the object manager, untyped. Providers do not write this by hand: cimgen derives a typed base
// class for each class with the Provider qualifier (see cim/typed.hpp), and that one implements this interface.
#pragma once

#include "base/ledger.hpp"
#include "base/result.hpp"
#include "cim/instance_buffer.hpp"
#include "cim/principal.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace vmms::cim {

/// What travels with every operation.
struct Context {
  using Clock = std::chrono::steady_clock;
  PrincipalPtr principal = nobody();
  AccountPtr account = {};  ///< pays for what the operation leaves behind; null: nothing is charged
  Clock::time_point deadline = Clock::time_point::max();  ///< after it the answer is not read any more
  std::string called_server = {};  ///< one more name of this server: the one the client uses, perhaps with a port
};

/// Which instances are wanted, and what of them.
struct Query {
  std::vector<std::optional<std::string>> keys;   ///< parallel to Class::keys; set = must be equal
  std::vector<bool> wanted;                       ///< parallel to Class::properties; empty = all
  std::optional<std::vector<std::string>> after;  ///< key texts; only instances whose key sorts after this
  std::size_t limit = 256;                        ///< at most so many

  bool wants(std::size_t property) const { return wanted.empty() || wanted[property]; }
};

/// Where one page of an enumeration is put. Unreachable is never the same as empty: what could not be asked is in
/// `failures`.
struct Page {
  InstanceBuffer& items;         ///< ascending by key, after what is there already
  std::vector<Error>& failures;  ///< guests or hosts that could not be asked
  bool more = false;             ///< the limit cut it; ask again with `after` = the last item's key
};

/// The arguments of a method, parallel to Method::parameters (inputs on the way in, outputs on the way out).
using Arguments = std::vector<Value>;

struct MethodResult {
  Value return_value;
  Arguments outputs;
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual const Class& cim_class() const = 0;
  virtual void enumerate(const Context& context, const Query& query, Page& page) = 0;
  virtual Result<Instance> get(const Context& context, const ObjectPath& path) = 0;
  /// The class of the object that a path of this class names, where clients may name objects of other classes, too;
  /// else nothing. Called only when no key is missing.
  virtual std::optional<std::string> other_class(const ObjectPath&) { return std::nullopt; }
  virtual Result<MethodResult> invoke(const Context& context, const ObjectPath& path, const Method& method,
                                      const Arguments& inputs) = 0;
  /// Changes the properties that are not NULL in `changes`.
  virtual Status modify(const Context& context, const ObjectPath& path, const Instance& changes);
  virtual Result<ObjectPath> create(const Context& context, const Instance& instance);
  virtual Status remove(const Context& context, const ObjectPath& path);
};

}  // namespace vmms::cim
