#include "cli/embedded.hpp"

#include "cli/schema.hpp"
#include "wire/representation/embedded_instance.hpp"
#include "wire/xml/writer.hpp"

namespace vmms::cli {

std::string write_embedded(std::string_view class_name, const std::vector<EmbeddedProperty>& properties) {
  std::string text;
  wire::xml::Writer writer(text);
  writer.start("INSTANCE").attribute("CLASSNAME", class_name);
  for (const EmbeddedProperty& each : properties)
    writer.start("PROPERTY")
        .attribute("NAME", each.name)
        .attribute("TYPE", each.type)
        .element("VALUE", each.value)
        .end();
  writer.end();
  return text;
}

std::optional<cim::Instance> read_embedded(std::string_view text) {
  auto instance = wire::representation::read_embedded_instance(text, *known_schemas().front());
  if (!instance) return std::nullopt;
  return *std::move(instance);
}

std::string text_of(const cim::Instance& instance, const char* property) { return to_text(instance[property]); }

std::uint64_t number_of(const cim::Instance& instance, const char* property) {
  const std::uint64_t* value = instance[property].get_if<std::uint64_t>();
  return value ? *value : 0;
}

}  // namespace vmms::cli
