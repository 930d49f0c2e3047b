// What the operations that find instances search, and how they write what they find. Shared by those that answer with
// everything and those that open an enumeration.
#pragma once

#include "cim/association_query.hpp"
#include "wire/cimxml/operation.hpp"
#include "wire/representation/instance_writer.hpp"

#include <memory>
#include <optional>
#include <string>

namespace vmms::wire::cimxml {

enum class ItemKind : std::uint8_t {
  named_instance,      ///< VALUE.NAMEDINSTANCE
  instance_name,       ///< INSTANCENAME
  object_with_path,    ///< VALUE.OBJECTWITHPATH
  object_path,         ///< OBJECTPATH
  instance_with_path,  ///< VALUE.INSTANCEWITHPATH
  instance_path,       ///< INSTANCEPATH
  instance,            ///< INSTANCE
};

/// Whether only the keys of an instance are written.
bool is_path(ItemKind kind);

struct ItemForm {
  ItemKind kind = ItemKind::instance;
  representation::InstanceForm instance = {};
};

/// Writes items of one form.
class ItemWriter {
 public:
  ItemWriter(const ItemForm& form, const representation::Place& place)
      : kind_(form.kind), instances_(form.instance, place) {}
  void write(xml::Writer& writer, const cim::Instance& instance);

 private:
  const ItemKind kind_;
  representation::InstanceWriter instances_;
};

/// Instances, before any is read.
struct Selection {
  std::unique_ptr<cim::Enumeration> cursor;
  ItemForm form;
  std::string what;                         ///< a class or a query, for the log
  std::string key;                          ///< the virtual machine they are about
  const cim::Class* query_class = nullptr;  ///< of a query on one class: that class
  std::optional<cim::ObjectPath> source;    ///< of associations: it may not exist
};

/// A FilterQuery of the language DMTF:FQL (DSP0212): a condition.
using Filter = std::optional<std::string>;

/// The instances of a class and its subclasses; without `deep`, only properties of the class itself are written.
/// Errors: invalid_class, access_denied, invalid_query, query_feature_not_supported.
OrError<Selection> select_instances(const Operation& operation, std::string_view class_name, bool deep, ItemForm form,
                                    const Filter& filter = {});

/// What is associated with an instance, or its associations. Errors: invalid_class (the instance's), invalid_parameter
/// (other classes and roles), access_denied, invalid_query, filtered_enumeration_not_supported (without a class to
/// compare the filter's properties with).
OrError<Selection> select_associated(const Operation& operation, cim::AssociationQuery query, ItemForm form,
                                     const Filter& filter = {});

/// What a query finds. The languages are WQL, and of CQL what means the same there. Errors:
/// query_language_not_supported, invalid_query, invalid_class, access_denied.
OrError<Selection> select_query(const Operation& operation, std::string_view language, const std::string& text,
                                ItemKind kind);

/// The namespace and host that an operation's answer is about.
representation::Place place_of(const Operation& operation);

}  // namespace vmms::wire::cimxml
