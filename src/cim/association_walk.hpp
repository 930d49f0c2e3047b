// What ASSOCIATORS OF and REFERENCES OF find: from one object over its associations, in either direction.
#pragma once

#include "cim/association_query.hpp"
#include "cim/namespace.hpp"
#include "cim/object_manager.hpp"

#include <deque>
#include <unordered_set>

namespace vmms::cim {

class AssociationWalk : public BufferedEnumeration {
 public:
  /// One association class and the direction in which it is walked.
  struct Step {
    AssociationProvider* provider;
    std::string_view role;      ///< of the source
    std::string_view far_role;  ///< of what is wanted; empty for the associations themselves
    const Class* far_class;     ///< what is wanted; null for the associations themselves
  };
  /// Of the query: the source, and what is true of everything that is found. Its names of classes and roles are in
  /// `steps` already.
  AssociationWalk(ObjectManager& manager, Namespace& space, AssociationQuery query, std::vector<Step> steps);
  bool waits() const override { return waits_; }

 protected:
  bool exhausted() const override { return steps_.empty() && checked_; }
  Enumeration* source() const override { return others_.get(); }
  void fetch(const Context& context, std::size_t most, std::vector<Error>& failures) override;

 private:
  void start(const Context& context, std::vector<Error>& failures);
  void read_one(const Context& context, std::vector<Error>& failures);
  void end_step();
  void add(Instance instance);

  ObjectManager& manager_;
  Namespace& space_;
  const AssociationQuery query_;
  std::deque<Step> steps_;  ///< the present one first
  bool waits_ = false;
  bool several_;                           ///< the same object may be found twice
  std::unordered_set<std::size_t> found_;  ///< hashes of paths, when several_
  bool started_ = false;                   ///< of the present step
  std::unique_ptr<Enumeration> others_;    ///< likewise, or
  std::deque<ObjectPath> to_read_;         ///< likewise
  bool checked_ = false;                   ///< the source exists
};

}  // namespace vmms::cim
