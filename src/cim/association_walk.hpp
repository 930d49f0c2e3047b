// What ASSOCIATORS OF and REFERENCES OF find: walks from one object over its associations, in either direction.
#pragma once

#include "cim/association_query.hpp"
#include "cim/namespace.hpp"
#include "cim/object_manager.hpp"

#include <deque>
#include <unordered_set>

namespace vmms::cim {

/// The source is found first, whatever path the client used: its own class decides which associations it has.
class AssociationWalk : public BufferedEnumeration {
 public:
  /// Of the query: the source, of the class `named` or a subclass, and what is true of everything that is found. Its
  /// names of classes are in `result` (null for any) and `associations` already.
  AssociationWalk(ObjectManager& manager, Namespace& space, AssociationQuery query, const Class& named,
                  const Class* result, std::vector<AssociationProvider*> associations);
  bool waits() const override { return waits_; }

 protected:
  bool exhausted() const override { return source_found_ && steps_.empty(); }
  Enumeration* source() const override { return others_.get(); }
  void fetch(const Context& context, std::size_t most, std::vector<Error>& failures) override;

 private:
  /// One association class and the direction in which it is walked.
  struct Step {
    AssociationProvider* provider;
    AssociationWay way;
  };
  void find_source(const Context& context, std::vector<Error>& failures);
  void start(const Context& context, std::vector<Error>& failures);
  void read_one(const Context& context, std::vector<Error>& failures);
  void end_step();
  void add(Instance instance);

  ObjectManager& manager_;
  Namespace& space_;
  AssociationQuery query_;  ///< the source's own path, once it is found
  const Class* const result_;
  std::vector<AssociationProvider*> associations_;
  bool source_found_ = false;  ///< or it is certain that it cannot be
  std::deque<Step> steps_;     ///< the current one first
  bool waits_ = false;
  bool several_ = false;                   ///< the same object may be found twice
  std::unordered_set<std::size_t> found_;  ///< hashes of paths, when several_
  bool started_ = false;                   ///< of the current step
  std::unique_ptr<Enumeration> others_;    ///< likewise, or
  std::deque<ObjectPath> to_read_;         ///< likewise
};

}  // namespace vmms::cim
