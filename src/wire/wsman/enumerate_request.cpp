#include "wire/wsman/enumerate_request.hpp"

#include "cim/datetime.hpp"
#include "cim/wql/parser.hpp"
#include "wire/wsman/endpoint_reference.hpp"
#include "wire/wsman/names.hpp"
#include "wire/xml/characters.hpp"
#include "wire/xml/simple_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace vmms::wire::wsman {

namespace {

constexpr std::size_t most_result_properties = 256;  // no class has so many

OrFault<void> check_body(const Request& request, std::string_view name) {
  if (request.body.is(names::enumeration, name)) return {};
  return fault(Condition::schema_validation, fmt::format("the SOAP Body must hold wsen:{}", name));
}

Fault unexpected(std::string_view parent, const xml::Element& element) {
  return fault(Condition::schema_validation,
               fmt::format("wsen:{}: unexpected element {:.100}", parent, element.name()));
}

OrFault<std::size_t> positive(const xml::Element& element) {
  const std::string text = element.text();
  const auto value = xml::read_unsigned(text);
  if (value && *value > 0) return std::min<std::uint64_t>(*value, std::numeric_limits<std::size_t>::max());
  return fault(Condition::schema_validation,
               fmt::format("{} must be a number greater than zero, not \"{:.40}\"", element.name(), xml::trim(text)));
}

std::string trimmed(const xml::Element& element) {
  const std::string text = element.text();
  return std::string(xml::trim(text));
}

// Expires: a duration; what is a date, and what is neither, are different faults.
OrFault<std::chrono::microseconds> read_lifetime(const xml::Element& element) {
  const std::string text = trimmed(element);
  const auto length = cim::parse_duration(text);
  if (!length) {
    const bool date = cim::DateTime::parse_iso8601(text).has_value();
    return fault(date ? Condition::unsupported_expiration : Condition::invalid_expiration, {});
  }
  if (length->count() <= 0) return fault(Condition::invalid_expiration, {});
  return *length;
}

// What an open enumeration keeps of keys.
std::size_t size_of(const std::vector<cim::KeyBinding>& keys) {
  std::size_t size = 0;
  for (const cim::KeyBinding& key : keys) {
    size += key.name.size() + key.value.size();
    if (key.reference)
      size += key.reference->namespace_name.size() + key.reference->class_name.size() + size_of(key.reference->keys);
  }
  return size;
}

class EnumerateReader {
 public:
  explicit EnumerateReader(const Request& request) : request_(request) {}

  OrFault<EnumerateRequest> read() {
    if (auto status = check_body(request_, "Enumerate"); !status) return status.error();
    for (const xml::Element child : request_.body.children())
      if (auto status = read(child); !status) return status.error();
    const bool all_classes = request_.resource && request_.resource->is_all_classes() && !request_.resource->is_schema;
    if (all_classes && !filtered_)
      return fault(Condition::cannot_process_filter, "all classes (*) can be enumerated with a query only");
    return std::move(result_);
  }

 private:
  OrFault<void> read(const xml::Element& child) {
    const std::string_view uri = child.namespace_uri();
    const std::string_view name = child.name();
    if (name == "Filter" && (uri == names::wsman || uri == names::enumeration)) return filter(child);
    if (uri == names::enumeration && name == "Expires") return expires(child);
    if (uri == names::enumeration && name == "EndTo") return {};  // nothing is ever sent there
    if (uri == names::wsman && name == "OptimizeEnumeration") {
      result_.optimize = true;
      return {};
    }
    if (uri == names::wsman && name == "MaxElements") {
      auto number = positive(child);
      if (!number) return number.error();
      result_.max_elements = *number;
      return {};
    }
    if (uri == names::microsoft_wsman) return {};  // WinRb repeats its SessionId here
    if (uri == names::wsman && name == "EnumerationMode") return mode(trimmed(child));
    if (uri == names::cimbinding && name == "PolymorphismMode") return polymorphism(trimmed(child));
    return unexpected("Enumerate", child);
  }

  OrFault<void> mode(std::string_view text) {
    if (text == "EnumerateEPR")
      result_.mode = EnumerationMode::reference;
    else if (text == "EnumerateObjectAndEPR")
      result_.mode = EnumerationMode::object_and_reference;
    else if (text != "EnumerateObject" && !text.empty())
      return fault(Condition::enumeration_mode, fmt::format("the enumeration mode {:.40} is not supported", text));
    return {};
  }

  OrFault<void> polymorphism(std::string_view text) {
    if (text == "ExcludeSubClassProperties")
      result_.polymorphism = Polymorphism::exclude_subclass_properties;
    else if (text == "None")
      result_.polymorphism = Polymorphism::none;
    else if (text != "IncludeSubClassProperties")
      return fault(Condition::polymorphism_mode,
                   fmt::format("the polymorphism mode {:.40} is not one of IncludeSubClassProperties, "
                               "ExcludeSubClassProperties and None",
                               text));
    return {};
  }

  OrFault<void> expires(const xml::Element& child) {
    const auto lifetime = read_lifetime(child);
    if (!lifetime) return lifetime.error();
    result_.lifetime = *lifetime;
    return {};
  }

  OrFault<void> filter(const xml::Element& child) {
    if (filtered_) return unexpected("Enumerate", child);
    filtered_ = true;
    const std::string_view dialect = xml::trim(child.attribute({}, "Dialect").value_or(std::string_view{}));
    const bool all_classes = request_.resource && request_.resource->is_all_classes();
    if (dialect == names::dialect_selector) {
      if (all_classes)
        return fault(Condition::cannot_process_filter, "a selector filter needs a class in the resource URI");
      auto keys = read_selectors(child.child(names::wsman, "SelectorSet"), request_.resource->namespace_name);
      if (!keys) return fault(Condition::cannot_process_filter, keys.error().message);
      if (const auto* twice = cim::find_repeated(*keys))
        return fault(Condition::cannot_process_filter,
                     fmt::format("the filter has the selector {:.100} twice", twice->name));
      if (size_of(*keys) > cim::wql::longest_query)
        return fault(Condition::cannot_process_filter,
                     fmt::format("the filter is longer than {} bytes", cim::wql::longest_query));
      result_.keys = std::move(*keys);
      return {};
    }
    if (dialect == names::dialect_wql) {
      // Real hosts take queries on all classes only.
      if (!all_classes)
        return fault(Condition::cannot_process_filter,
                     "a WQL query goes to the resource URI of all classes, which ends in /*");
      result_.query = child.text();
      return {};
    }
    if (dialect == names::dialect_association) return association_filter(child);
    return fault(Condition::filter_dialect,
                 fmt::format("filters of the dialect \"{:.200}\" are not supported; supported are {}, {} and {}",
                             dialect, names::dialect_wql, names::dialect_selector, names::dialect_association));
  }

  // AssociatedInstances or AssociationInstances, with the object and what its associations have to be.
  OrFault<void> association_filter(const xml::Element& child) {
    const auto refuse = [](std::string message) { return fault(Condition::cannot_process_filter, std::move(message)); };
    const xml::Element filter = child.first_child();
    cim::AssociationQuery query;
    query.references = filter.is(names::cimbinding, "AssociationInstances");
    if ((!query.references && !filter.is(names::cimbinding, "AssociatedInstances")) || filter.next_sibling())
      return refuse("an association filter holds one b:AssociatedInstances or b:AssociationInstances");
    bool has_object = false;
    for (const xml::Element part : filter.children()) {
      const std::string_view name = part.namespace_uri() == names::cimbinding ? part.name() : std::string_view{};
      if (name == "Object") {
        auto object = read_reference(part, request_.resource->namespace_name);
        if (!object) return refuse(object.error().message);
        query.source = std::move(*object);
        has_object = true;
      } else if (name == "IncludeResultProperty") {
        if (result_.result_properties.size() == most_result_properties)
          return refuse(fmt::format("an association filter takes {} b:IncludeResultProperty", most_result_properties));
        result_.result_properties.push_back(trimmed(part));
      } else if (std::string* target = association_part(query, name)) {
        *target = trimmed(part);
      } else {
        return refuse(fmt::format("an association filter has no {:.100}", part.name()));
      }
    }
    if (!has_object) return refuse("an association filter needs the b:Object whose associations are asked for");
    result_.associations = std::move(query);
    return {};
  }

  static std::string* association_part(cim::AssociationQuery& query, std::string_view name) {
    if (name == "AssociationClassName" && !query.references) return &query.association_class;
    if (name == "ResultClassName") return query.references ? &query.association_class : &query.result_class;
    if (name == "ResultRole" && !query.references) return &query.result_role;
    if (name == "Role") return &query.role;
    return nullptr;
  }

  const Request& request_;
  EnumerateRequest result_;
  bool filtered_ = false;
};

}  // namespace

OrFault<EnumerateRequest> read_enumerate(const Request& request) { return EnumerateReader(request).read(); }

OrFault<PullRequest> read_pull(const Request& request) {
  if (auto status = check_body(request, "Pull"); !status) return status.error();
  PullRequest result;
  for (const xml::Element child : request.body.children()) {
    if (child.is(names::enumeration, "EnumerationContext")) {
      result.context = trimmed(child);
    } else if (child.is(names::enumeration, "MaxElements") || child.is(names::wsman, "MaxElements") ||
               child.is(names::enumeration, "MaxCharacters")) {  // Dell's clients write wsman:MaxElements here, too
      auto number = positive(child);
      if (!number) return number.error();
      if (child.name() == "MaxElements")
        result.max_elements = *number;
      else
        result.max_characters = *number;
    } else if (child.is(names::enumeration, "MaxTime")) {
      const auto length = cim::parse_duration(trimmed(child));
      if (!length || length->count() <= 0)
        return fault(Condition::schema_validation, "MaxTime must be a duration greater than zero, such as PT10S");
      result.max_time = *length;
    } else if (child.namespace_uri() != names::microsoft_wsman && !child.is(names::wsman, "OptimizeEnumeration")) {
      // WinRb repeats its SessionId and what it said in Enumerate.
      return unexpected("Pull", child);
    }
  }
  return result;
}

OrFault<ContextRequest> read_context_request(const Request& request, std::string_view name) {
  if (auto status = check_body(request, name); !status) return status.error();
  ContextRequest result;
  result.context = trimmed(request.body.child(names::enumeration, "EnumerationContext"));
  if (const xml::Element expires = request.body.child(names::enumeration, "Expires"); expires && name == "Renew") {
    const auto lifetime = read_lifetime(expires);
    if (!lifetime) return lifetime.error();
    result.lifetime = *lifetime;
  }
  return result;
}

}  // namespace vmms::wire::wsman
